import { isAbsolute, normalize } from "node:path";
import { z } from "zod";
import { abilities, configNames } from "../model/candidate.ts";
import type {
  Administration,
  Candidate,
  ConfigFile,
  Configuration,
  DeclaredEndpoint,
  Deviation,
  Service,
  Store,
} from "../model/candidate.ts";
import type { EndpointKind } from "../model/server.ts";

// What a descriptor may hold. Bounds are far above what a real product needs: a descriptor comes from outside, its texts end up
// in reports, its names in container names, image tags, paths and DNS. A new field of the model has to be added here (tsc says so).

type Fields<T> = Record<keyof T, z.ZodType>;

const maxText = 2_000;
const text = z.string().min(1).max(maxText);
/** No character that a shell, Docker or a path gives a meaning to. */
const name = (pattern: RegExp, what: string): z.ZodType<string, string> => z.string().max(64).regex(pattern, what);
const id = name(/^[a-z0-9][a-z0-9.-]*$/u, "lower-case letters, digits, dots and hyphens");
const label = name(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/u, "a DNS label: lower-case letters, digits and hyphens");
const image = name(
  /^[a-z0-9][a-z0-9-]*([.][a-z0-9-]+)*([/][a-z0-9][a-z0-9-]*([.][a-z0-9-]+)*){0,2}$/u,
  'the name of a folder with a Dockerfile, like "prosody" or "shared/postgresql"',
);
const list = (of: z.ZodType, most = 100): z.ZodType => z.array(of).max(most);
const port = z.int().min(1).max(65_535);
const command = z.array(z.string().max(8_192)).min(1).max(64);

/** Kernel interfaces are no place for files of a product. */
const insideContainer = z
  .string()
  .max(255)
  .refine(
    (path) => isAbsolute(path) && normalize(path) === path && !/^\/(?:proc|sys|dev)(?:\/|$)/u.test(path),
    "an absolute path inside the container without . or .., and not below /proc, /sys or /dev",
  );
/** That the file is there and lies in the folder is looked at apart (descriptor.ts). */
const template = z
  .string()
  .max(255)
  .refine(
    (path) => !isAbsolute(path) && !path.includes("\\") && !path.includes("\0"),
    "a path below the candidate's folder",
  );

const pattern = z
  .string()
  .min(1)
  .max(500)
  .refine((source) => {
    try {
      return new RegExp(source, "m") instanceof RegExp;
    } catch {
      return false;
    }
  }, "a regular expression");

const localized = z.strictObject({ de: text, en: text });
const configName = z.enum(configNames as [string, ...string[]]);

const kinds: Readonly<Record<EndpointKind, true>> = {
  "matrix-client": true,
  "matrix-federation": true,
  "matrix-plain": true,
  "http-plain": true,
  "xmpp-client": true,
  "xmpp-client-tls": true,
  "xmpp-server": true,
  "xmpp-server-tls": true,
  "xmpp-websocket": true,
  "xmpp-bosh": true,
  "xmpp-https": true,
  "xmpp-http-plain": true,
  "mqtt-plain": true,
  "threema-gateway": true,
  "irc-tls": true,
  "irc-plain": true,
  "imap-tls": true,
  imap: true,
  "smtp-tls": true,
  "smtp-submission": true,
  "smtp-server": true,
  "admin-http": true,
};

const endpoint = z.strictObject({
  kind: z.enum(Object.keys(kinds) as [string, ...string[]]),
  service: label,
  port,
  path: z
    .string()
    .max(255)
    .regex(/^\/[\w./~-]*$/u, "a path that begins with /")
    .optional(),
  configurations: list(configName, 2).optional(),
} satisfies Fields<DeclaredEndpoint>);

const ready = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("log"), pattern }),
  z.strictObject({ kind: z.literal("port"), port }),
  z.strictObject({ kind: z.literal("ports"), ports: z.array(port).min(1).max(32), command: command.optional() }),
  z.strictObject({ kind: z.literal("command"), command }),
]);

const environment = z
  .record(z.string().regex(/^[A-Za-z_]\w{0,63}$/u, "the name of an environment variable"), z.string().max(8_192))
  .optional();

const service = z.strictObject({
  image,
  env: environment,
  command: command.optional(),
  after: list(label, 16).optional(),
  front: z.boolean().optional(),
  federates: z.boolean().optional(),
  ready,
  publish: list(port, 32).optional(),
  versions: command.optional(),
  tmpfs: list(insideContainer, 16).optional(),
  memoryMiB: z.int().min(16).max(8_192).optional(),
} satisfies Fields<Service>);

const store = z.strictObject({
  id,
  service: label,
  holds: z.enum(["database", "files", "media", "logs"]),
  read: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("command"), command }),
    z.strictObject({
      kind: z.literal("paths"),
      paths: z.array(insideContainer).min(1).max(32),
      only: pattern.optional(),
      except: pattern.optional(),
    }),
    z.strictObject({ kind: z.literal("container-log") }),
  ]),
} satisfies Fields<Store>);

const deviation = z.strictObject({
  setting: text,
  from: z.string().max(maxText),
  to: z.string().max(maxText),
  why: localized,
  kind: z.enum(["lab", "hardening"]),
} satisfies Fields<Deviation>);

const file = z.strictObject({
  service: label,
  path: insideContainer,
  template,
  mode: z.int().min(0).max(0o777).optional(),
} satisfies Fields<ConfigFile>);

const maxVariables = 64 * 1024;
const configuration = z.strictObject({
  files: list(file),
  variables: z
    .record(z.string().max(64), z.unknown())
    .refine((values) => (JSON.stringify(values) ?? "").length <= maxVariables, "at most 64 KiB of variables"),
  deviations: list(deviation, 200),
} satisfies Fields<Configuration>);

const action = z.custom<() => unknown>((value) => typeof value === "function", "a function");

const administration = z.strictObject({
  createAccounts: action,
  disableAccount: action,
  deleteAccount: action,
  setFederationAllowList: action.optional(),
  exemptFromRateLimits: action.optional(),
  enableDebugLog: action.optional(),
  enableDomainBoundRegistration: action.optional(),
  grantRole: action.optional(),
  letTimePass: action.optional(),
  roles: list(name(/^[\w:.-]+$/u, "the name of a role"), 32).optional(),
} satisfies Fields<Administration>);

const limit = z
  .number()
  .min(0)
  .max(100 * 366 * 86_400)
  .nullable();

export const descriptorSchema = z.strictObject({
  id,
  standard: z.boolean().optional(),
  order: z.number().min(0).max(10_000).optional(),
  title: z.string().min(1).max(60),
  vendor: z.string().min(1).max(100),
  licence: z.string().min(1).max(200),
  version: name(/^[\w.+:~-]+$/u, "a version as the package manager shows it"),
  protocol: z.enum(["matrix", "xmpp", "irc", "email"]),
  folder: z.string().max(4_096).refine(isAbsolute, "an absolute path (import.meta.dirname)"),
  implementation: id.optional(),
  released: z
    .string()
    .regex(/^20\d{2}-(?:0[1-9]|1[0-2])$/u, "a month, e.g. 2026-07")
    .optional(),
  services: z.record(label, service),
  endpoints: list(endpoint, 64),
  subdomains: list(label, 16),
  stores: list(store, 32),
  configurations: z.strictObject({ default: configuration, hardened: configuration }),
  endEncryption: list(id, 8),
  administration,
  abilities: list(z.enum(abilities as unknown as [string, ...string[]]), abilities.length),
  generatedCertificate: z.strictObject({ service: label, path: insideContainer }).optional(),
  notes: list(localized, 50),
  erasureLimit: z.strictObject({ default: limit, hardened: limit }),
} satisfies Fields<Candidate>);
