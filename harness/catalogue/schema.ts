import { z } from "zod";
import { grades } from "../model/verdict.ts";

/**
 * Shape of criteria.yaml and of a profile file. Conditions stay text here; `rules.ts` parses them.
 * Objects are strict: a misspelt key is a mistake, never silently ignored.
 */
const localized = z.strictObject({ de: z.string().min(1), en: z.string().min(1) });
const measurementId = z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/u);
const reference = z.string().min(1);
const when = z.array(z.string().min(1)).min(1);
const bp = z.number().min(0).max(10);

const linear = z.strictObject({
  kind: z.literal("linear"),
  of: z.union([reference, z.array(reference).min(2)]),
  points: z.array(z.tuple([z.number(), bp])).min(2),
  // oxlint-disable-next-line unicorn/no-thenable -- the key of criteria.yaml; a number, nobody awaits it
  then: z.literal(0).optional(),
  censored_as: z.number().optional(),
});
/** A number, or a parameter of the row: `$actions`. */
const total = z.union([z.number().positive(), z.string().regex(/^\$[a-z][a-z0-9-]*$/u)]);
const share = z.strictObject({
  kind: z.literal("share"),
  of: reference,
  total: z.union([total, reference]),
});
const points = z.strictObject({ kind: z.literal("points"), of: reference, factor: z.number().positive() });
const part = z.strictObject({ bp, when });

const adjustments = {
  cap: z.strictObject({ bp, when }).optional(),
  half: z.strictObject({ when }).optional(),
  zero: z.strictObject({ when }).optional(),
  lower_of: z.array(z.enum(["hardened", "default"])).optional(),
};

const scale = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("steps"),
    steps: z.array(z.strictObject({ bp, when })).min(1),
    ...adjustments,
  }),
  linear.extend(adjustments),
  share.extend(adjustments),
  points.extend(adjustments),
  z.strictObject({
    kind: z.literal("sum"),
    parts: z.array(z.union([part, points, linear, share])).min(1),
    ...adjustments,
  }),
]);

const ufab = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("A") }),
  z.strictObject({ type: z.literal("B"), gp: z.number().int().positive(), minimum: bp.optional() }),
]);

const source = z
  .strictObject({
    norm: z.string().optional(),
    clause: z.string().min(1),
    kind: z.enum(["norm", "house"]),
    verified: z.enum(["read", "knowledge"]).optional(),
    confidence: z.enum(["high", "medium", "low"]).optional(),
    note: z.string().optional(),
  })
  .refine(({ kind, verified }) => kind === "house" || verified !== undefined, {
    path: ["verified"],
    message: "read or knowledge for a norm",
  });

/** What a profile may change in a row (catalogue, decision b). */
const change = z.strictObject({
  active: z.boolean().optional(),
  because: localized.optional(),
  ufab: ufab.optional(),
  pass: when.optional(),
  scale: scale.optional(),
  rule_text: localized.optional(),
});

const param = z.union([
  z.number(),
  z.strictObject({ full: z.number(), compressed: z.number().optional(), unit: z.string().optional() }),
]);

const criterion = z.strictObject({
  id: z.string().regex(/^[A-Z]-\d{2}$/u),
  title: localized,
  group: z.string(),
  source: z.array(source).min(1),
  ufab,
  method: z.array(z.enum(["auto-server", "auto-client", "attested"])).min(1),
  scenarios: z.array(z.string().regex(/^SZ-\d{2}$/u)).default([]),
  config: z.enum(["default", "hardened", "both"]),
  evidence_min: z.enum(grades),
  applies_to: z.array(z.enum(["matrix", "xmpp", "irc", "email", "attested"])).optional(),
  needs: z.array(z.string()).default([]),
  params: z.record(z.string(), param).default({}),
  measurements: z.array(z.union([measurementId, z.strictObject({ id: measurementId, total })])).min(1),
  valid: z.array(z.string().min(1)).default([]),
  pass: when.optional(),
  scale: scale.optional(),
  report: z.array(reference).default([]),
  pairs: z.enum(["worst", "best"]).optional(),
  active: z.boolean().default(true),
  rule_text: localized,
  // Catalogues kept in the folders of older runs have one language.
  note: z.union([localized, z.string().transform((text) => ({ de: text, en: text }))]).optional(),
  untested: localized.optional(),
  profiles: z.record(z.string(), change).default({}),
});

const measurement = z.strictObject({
  type: z.enum(["count", "number", "duration", "ratio", "boolean"]),
  unit: z.string().optional(),
  title: localized,
  protocols: z.array(z.enum(["matrix", "xmpp", "irc", "email"])).optional(),
});

export const catalogueFile = z.strictObject({
  version: z.literal(1),
  groups: z.array(z.strictObject({ id: z.string().regex(/^[A-Z]$/u), title: localized })).min(1),
  profiles: z.record(z.string(), z.strictObject({ title: localized, default: z.boolean().optional() })),
  measurements: z.record(measurementId, measurement),
  criteria: z.array(criterion).min(1),
});

/** A profile of one's own: `--profile path.yaml`. */
export const profileFile = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/u),
  title: localized,
  /** A profile of criteria.yaml to start from; its default profile if absent. */
  base: z.string().optional(),
  criteria: z.record(z.string(), change),
});

export type CatalogueFile = z.infer<typeof catalogueFile>;
export type CriterionFile = CatalogueFile["criteria"][number];
export type ScaleFile = z.infer<typeof scale>;
export type ChangeFile = z.infer<typeof change>;
