import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { HarnessError } from "../../model/errors.ts";
import { unknownName } from "../../model/nearest.ts";

/** Example by protocol, and what else it takes over from a candidate of the bench. */
const examples: Readonly<Record<string, { readonly copies?: readonly string[]; readonly from?: string }>> = {
  xmpp: {},
  matrix: { from: "synapse", copies: ["Dockerfile", "requirements.txt"] },
};
export const scaffoldProtocols: readonly string[] = Object.keys(examples);

export interface NewCandidate {
  readonly name: string;
  readonly protocol: string;
  /** Folder that gets the new one; absent: the bench's own candidates. */
  readonly into?: string | undefined;
  /** The bench's candidates. */
  readonly candidateFolder: string;
  /** The repository. */
  readonly root: string;
}

/** `Our Messenger` from `our-messenger`. */
const titleOf = (name: string): string =>
  name.replaceAll(
    /(^|[-.])([a-z])/gu,
    (_, gap: string, letter: string) => (gap === "" ? "" : " ") + letter.toUpperCase(),
  );

function refuseName(name: string): void {
  if (/^[a-z0-9][a-z0-9.-]{0,39}$/u.test(name) && name !== "shared") return;
  throw new HarnessError(
    "bad-input",
    `Expected a name of lower-case letters, digits, dots and hyphens, got "${name}".`,
    {
      hint: "It becomes the id, the folder and the name of the image: our-messenger.",
    },
  );
}

async function versionOf(folder: string, candidateFolder: string): Promise<string> {
  const { loadCandidate } = await import("../../candidates/load.ts");
  return (await loadCandidate(join(candidateFolder, folder))).version;
}

/** Writes the files of an example, without the ending `.txt`, with its `__WORDS__` filled. */
async function fill(example: string, target: string, words: Readonly<Record<string, string>>): Promise<void> {
  const folder = join(import.meta.dirname, example);
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), "utf8");
    const filled = text.replaceAll(/__([A-Z]+)__/gu, (whole, word: string) => words[word] ?? whole);
    await writeFile(join(target, file.replace(/\.txt$/u, "")), filled);
  }
}

/**
 * Writes a candidate that runs at once and returns its folder. Throws `bad-input` for a name or protocol that cannot be, and
 * never writes into a folder that is there.
 */
export async function writeCandidate({ name, protocol, into, candidateFolder, root }: NewCandidate): Promise<string> {
  refuseName(name);
  const example = examples[protocol];
  if (example === undefined) throw unknownName("example for the protocol", protocol, scaffoldProtocols);
  const target = into === undefined ? join(candidateFolder, name) : resolve(into, name);
  if (existsSync(target)) {
    throw new HarnessError("bad-input", `Expected a folder that does not exist yet, but ${target} is there.`);
  }
  const inside = `${target}${sep}`.startsWith(`${candidateFolder}${sep}`);
  await mkdir(target, { recursive: true });
  const words = {
    NAME: name,
    TITLE: titleOf(name),
    MODEL: inside ? "../../model" : "pruefstand/model",
    SHARED: inside ? "../shared" : "pruefstand/shared",
    BENCH: relative(target, root),
    ...(example.from === undefined ? {} : { SYNAPSE: await versionOf(example.from, candidateFolder) }),
  };
  await fill(protocol, target, words);
  for (const file of example.copies ?? [])
    await cp(join(candidateFolder, example.from ?? "", file), join(target, file));
  if (!inside) await fill("outside", target, words);
  return target;
}
