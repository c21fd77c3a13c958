import { existsSync, realpathSync } from "node:fs";
import { basename, join, sep } from "node:path";
import type { z } from "zod";
import { configNames } from "../model/candidate.ts";
import type { Candidate } from "../model/candidate.ts";
import { suggestion } from "../model/nearest.ts";
import { descriptorSchema } from "./descriptor-schema.ts";

/** One mistake of a descriptor, with its place in the object. */
export interface DescriptorProblem {
  /** `services.server.publish[2]` */
  readonly place: string;
  readonly expected: string;
  readonly got: string;
}

const placeOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (place, key) =>
      typeof key === "number" ? `${place}[${key}]` : place === "" ? String(key) : `${place}.${String(key)}`,
    "",
  );

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);

const maxShown = 120;

/** A value as it may stand in a message: short, and on one line. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  // Symbols have no JSON.
  const words = JSON.stringify(value) ?? typeof value;
  return words.length > maxShown ? `${words.slice(0, maxShown)}… (${words.length} characters)` : words;
}

function problemsOf(issue: z.core.$ZodIssue, value: unknown): readonly DescriptorProblem[] {
  const place = placeOf(issue.path);
  const got = shown(valueAt(value, issue.path));
  if (issue.code === "unrecognized_keys") {
    // Only the top-level fields are offered: that is where a misspelt one is likeliest.
    const known = issue.path.length === 0 ? Object.keys(descriptorSchema.shape) : [];
    return issue.keys.map((key) => ({
      place,
      expected: `no field "${key}"${suggestion(key, known)}`,
      got: `"${key}"`,
    }));
  }
  if (issue.code === "invalid_value") {
    const values = issue.values.map(String);
    const hint = suggestion(String(valueAt(value, issue.path)), values);
    return [{ place, expected: `one of ${values.join(", ")}${hint}`, got }];
  }
  if (issue.code === "invalid_key") {
    return issue.issues.map((inner) => ({ place, expected: inner.message, got: shown(issue.path.at(-1)) }));
  }
  return [{ place, expected: issue.message, got }];
}

/** What does not fit together although each part looks right. */
function mismatches(candidate: Candidate, shared: string): readonly DescriptorProblem[] {
  const services = Object.keys(candidate.services);
  const fronts = services.filter((name) => candidate.services[name]?.front === true);
  const found: DescriptorProblem[] = [];
  const expect = (holds: boolean, place: string, expected: string, got: string): void => {
    if (!holds) found.push({ place, expected, got });
  };
  const service = (place: string, name: string): void =>
    expect(
      services.includes(name),
      place,
      `one of the services ${services.join(", ")}${suggestion(name, services)}`,
      `"${name}"`,
    );
  expect(fronts.length === 1, "services", "exactly one with front: true", `${fronts.length}`);
  for (const [index, one] of candidate.endpoints.entries()) service(`endpoints[${index}].service`, one.service);
  for (const [index, one] of candidate.stores.entries()) service(`stores[${index}].service`, one.service);
  for (const [name, { after, image }] of Object.entries(candidate.services)) {
    for (const [index, other] of (after ?? []).entries()) service(`services.${name}.after[${index}]`, other);
    const place = imageFolder(candidate, image, shared);
    expect(existsSync(join(place, "Dockerfile")), `services.${name}.image`, "a folder with a Dockerfile", `"${image}"`);
  }
  expect(!hasCircle(candidate), "services", "an order in which they can start", "services that wait for each other");
  for (const config of configNames) {
    for (const [index, file] of candidate.configurations[config].files.entries()) {
      const place = `configurations.${config}.files[${index}]`;
      service(`${place}.service`, file.service);
      const problem = templateProblem(candidate.folder, file.template, shared);
      expect(problem === undefined, `${place}.template`, problem ?? "", `"${file.template}"`);
    }
  }
  const hardened = candidate.configurations.default.deviations.findIndex(({ kind }) => kind === "hardening");
  expect(
    hardened === -1,
    `configurations.default.deviations[${hardened}].kind`,
    '"lab": the default is what the vendor ships',
    '"hardening"',
  );
  return found;
}

const imageFolder = ({ id, folder }: Candidate, image: string, shared: string): string =>
  image === id || image === basename(folder) ? folder : join(shared, "..", image);

function hasCircle({ services }: Candidate): boolean {
  const visit = (name: string, path: readonly string[]): boolean =>
    path.includes(name) || (services[name]?.after ?? []).some((other) => visit(other, [...path, name]));
  return Object.keys(services).some((name) => visit(name, []));
}

/** A template must lie in the candidate's own folder or in the shared one, links followed: anything else could leak the host's files. */
function templateProblem(folder: string, template: string, shared: string): string | undefined {
  // "../shared/" means the bench's shared parts from everywhere (harness/lab/templates.ts).
  const path = template.startsWith("../shared/")
    ? join(shared, template.slice("../shared/".length))
    : join(folder, template);
  if (!existsSync(path)) return "a file below the candidate's folder";
  const inside = (parent: string): boolean => realpathSync(path).startsWith(`${realpathSync(parent)}${sep}`);
  return inside(folder) || inside(shared)
    ? undefined
    : "a file inside the candidate's folder, also after following links";
}

/**
 * Every mistake of a descriptor at once; empty = usable. Touches no container.
 * @param shared folder of the parts that all candidates may use
 */
export function descriptorProblems(descriptor: unknown, shared: string): readonly DescriptorProblem[] {
  const parsed = descriptorSchema.safeParse(descriptor);
  if (!parsed.success) return parsed.error.issues.flatMap((issue) => problemsOf(issue, descriptor));
  return mismatches(descriptor as Candidate, shared);
}
