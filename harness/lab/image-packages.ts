import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HarnessError } from "../model/errors.ts";
import { cacheFolder } from "./cache-folder.ts";
import type { DockerClient } from "./daemon.ts";
import type { Labels } from "./labels.ts";
import { runTool } from "./run-tool.ts";

/**
 * Debian packages, and Python packages found by their metadata folders (asking pip would need pip in the image).
 * Nothing of the product is started.
 */
const listing = `
dpkg-query --show --showformat='\${Package} \${Version}\\n' 2>/dev/null
find / -xdev -type d -name '*.dist-info' -prune 2>/dev/null | sed 's|.*/||; s|\\.dist-info$||; s|-\\([^-]*\\)$| \\1|; s|^|python:|'
`;

/**
 * Name → version of the packages inside an image; Python packages as `python:<name>`. Kept by digest under .cache/, because an
 * image never changes. Throws `lab-fault` when the image cannot say it.
 */
export async function imagePackages(
  docker: DockerClient,
  digest: string,
  labels: Labels,
): Promise<Readonly<Record<string, string>>> {
  const file = join(await cacheFolder("packages"), `${digest.replace(":", "-")}.json`);
  const known = await readKnown(file);
  if (known !== undefined) return known;
  const command = ["sh", "-c", listing] as const;
  const result = await runTool(docker, { image: digest, command, network: "none", labels, timeoutMs: 60_000 });
  const packages = parseListing(result.stdout);
  if (Object.keys(packages).length === 0) {
    throw new HarnessError("lab-fault", `expected ${digest} to name its packages, got: ${result.stderr.slice(0, 200)}`);
  }
  await writeFile(file, JSON.stringify(packages));
  return packages;
}

export function parseListing(text: string): Readonly<Record<string, string>> {
  const pairs = text.split("\n").flatMap((line) => {
    const [name, version, ...rest] = line.trim().split(" ");
    return name === undefined || version === undefined || rest.length > 0 ? [] : [[name, version] as const];
  });
  return Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function readKnown(file: string): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Readonly<Record<string, string>>;
  } catch {
    return undefined;
  }
}
