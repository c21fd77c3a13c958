import { lstat, readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { HarnessError } from "../model/errors.ts";

/** Where a secret comes from. A secret itself never stands in a descriptor or on the command line. */
export type SecretSource = { readonly env: string } | { readonly file: string };

const maximumBytes = 4_096;

function unsafe(file: string, expected: string, got: string): HarnessError {
  return new HarnessError("bad-input", `Expected the secret file ${file} to be ${expected}, got ${got}.`, {
    hint: `Make it yours alone: chmod 600 ${file}`,
  });
}

/** The content of a file that nobody else may read: regular, no link, ours, mode 0600 or stricter. */
async function fromFile(file: string, folder: string): Promise<string> {
  const path = isAbsolute(file) ? file : join(folder, file);
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined) throw new HarnessError("bad-input", `Expected a secret file ${file}, but there is none.`);
  if (!facts.isFile()) throw unsafe(file, "a regular file", facts.isSymbolicLink() ? "a link" : "something else");
  const others = facts.mode & 0o077;
  if (others !== 0) throw unsafe(file, "readable by its owner only", `mode 0${(facts.mode & 0o777).toString(8)}`);
  if (facts.uid !== process.getuid?.()) throw unsafe(file, "owned by the user who runs the bench", "another owner");
  if (facts.size > maximumBytes) throw unsafe(file, `at most ${maximumBytes} bytes`, `${facts.size}`);
  return (await readFile(path, "utf8")).trimEnd();
}

/**
 * Reads a secret. Relative files are looked for beside the descriptor.
 * @throws HarnessError `bad-input` that names the place and never the content.
 */
export async function readSecret(source: SecretSource, folder: string): Promise<string> {
  const value = "env" in source ? process.env[source.env] : await fromFile(source.file, folder);
  if (value !== undefined && value !== "") return value;
  const place = "env" in source ? `the environment variable ${source.env}` : `the file ${source.file}`;
  throw new HarnessError("bad-input", `Expected a secret in ${place}, got nothing.`);
}
