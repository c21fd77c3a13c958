import { createTwoFilesPatch } from "diff";
import type { Candidate, ConfigName } from "../model/candidate.ts";
import { configNames } from "../model/candidate.ts";
import { renderFiles } from "./render-files.ts";
import type { RenderedFile } from "./sabotage.ts";
import { certificatePaths, readTemplate, secretNames } from "./templates.ts";

/** Unified diff default → hardened of each configuration file; equal files are left out. Needs no containers. */
export async function diffConfigurations(
  candidate: Candidate,
): Promise<readonly { readonly path: string; readonly diff: string }[]> {
  const [before, after] = await Promise.all([rendered(candidate, "default"), rendered(candidate, "hardened")]);
  const keys = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return keys.flatMap((key) => {
    const [from = "", to = ""] = [before.get(key), after.get(key)];
    if (from === to) return [];
    const diff = createTwoFilesPatch(key, key, from, to, "default", "hardened", { context: 2 });
    return [{ path: key, diff: diff.replace(/^=+\n/, "") }];
  });
}

async function rendered(candidate: Candidate, config: ConfigName): Promise<ReadonlyMap<string, string>> {
  const { variables } = candidate.configurations[config];
  const facts = {
    server: "a",
    domain: "a.pruefstand.test",
    subdomains: candidate.subdomains,
    secrets: Object.fromEntries((await secretNamesOf(candidate)).map((name) => [name, `<secret ${name}>`])),
    config,
    federationAllow: undefined,
    certs: certificatePaths,
  };
  const files: readonly RenderedFile[] = await renderFiles(candidate, facts, variables);
  return new Map(files.map((file) => [`${file.service}:${file.path}`, file.content]));
}

/** Every secret that a template, an environment variable or a command of the candidate names. */
export async function secretNamesOf(candidate: Candidate): Promise<readonly string[]> {
  const templates = new Set(
    configNames.flatMap((name) => candidate.configurations[name].files.map((file) => file.template)),
  );
  const texts = await Promise.all([...templates].map((template) => readTemplate(candidate, template)));
  const inline = Object.values(candidate.services).flatMap((each) => [
    ...Object.values(each.env ?? {}),
    ...(each.command ?? []),
  ]);
  return secretNames([...texts, ...inline]);
}
