import type { Administration } from "../model/candidate.ts";
import type { FilePatch, Sabotage } from "../model/control.ts";
import { HarnessError } from "../model/errors.ts";

/** A file as it goes into a container. */
export interface RenderedFile {
  readonly service: string;
  readonly path: string;
  readonly mode: number;
  readonly content: string;
}

/** Applies the patches of a control. A patch that does not fit exactly is an error: an unbroken server would pass for a broken one. */
export function patchFiles(files: readonly RenderedFile[], sabotage: Sabotage | undefined): readonly RenderedFile[] {
  return (sabotage?.files ?? []).reduce(patchOne, files);
}

function patchOne(files: readonly RenderedFile[], patch: FilePatch): readonly RenderedFile[] {
  const target = files.find((file) => file.service === patch.service && file.path === patch.path);
  if (target === undefined) {
    const known = files.map((file) => `${file.service}:${file.path}`).join(", ");
    throw new HarnessError(
      "bad-input",
      `expected a rendered file ${patch.service}:${patch.path} to sabotage, got only ${known}`,
    );
  }
  return files.map((file) => (file === target ? { ...file, content: patched(file.content, patch) } : file));
}

function patched(content: string, patch: FilePatch): string {
  if ("append" in patch) return `${content.replace(/\n?$/, "\n")}${patch.append.replace(/\n?$/, "\n")}`;
  return patch.replace.reduce((text, change) => replaceOnce(text, change.find, change.with, patch.path), content);
}

function replaceOnce(text: string, find: string, replacement: string, path: string): string {
  const parts = find === "" ? [text] : text.split(find);
  if (parts.length !== 2) {
    throw new HarnessError(
      "bad-input",
      `expected "${find}" exactly once in ${path}, found it ${parts.length - 1} times`,
    );
  }
  return parts.join(replacement);
}

/** Replaces the named administration functions by ones that answer well and do nothing. */
export function withoutEffect(administration: Administration, names: readonly string[] = []): Administration {
  const stand: Record<string, unknown> = {};
  for (const name of names) {
    if (!(name in administration)) {
      throw new HarnessError("bad-input", `expected an administration function to take the effect from, got "${name}"`);
    }
    stand[name] = () => Promise.resolve(name === "setFederationAllowList" ? { restarted: false } : undefined);
  }
  return { ...administration, ...stand };
}
