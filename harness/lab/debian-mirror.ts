import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostAptSources, type AptSource } from "./apt-sources.ts";

/** Debian releases a candidate may be built on. */
export type Suite = "trixie" | "bookworm";

/** Where the packages of a suite come from, found on this host. */
export interface SuiteSources {
  /** Main archive first, then updates, security and backports as far as the mirrors have them. */
  readonly sources: readonly AptSource[];
  /** apt options of the host that a download depends on (proxy, snapshot dates), as apt.conf lines. */
  readonly options: readonly string[];
}

/** Environment variable that replaces the host's mirror: the address of a Debian archive. */
export const mirrorVariable = "PRUEFSTAND_DEBIAN_MIRROR";

const archives = (suite: Suite): readonly string[] => [
  suite,
  `${suite}-updates`,
  `${suite}-security`,
  `${suite}-backports`,
];

/**
 * Asks the host's mirrors which archives of the suite they carry. A host of another Debian release works: same mirror, other suite.
 * Undefined where no mirror has the suite (no network, or not a Debian mirror).
 */
export async function suiteSources(suite: Suite): Promise<SuiteSources | undefined> {
  const mirrors = await hostMirrors();
  const found = await Promise.all(archives(suite).map((archive) => firstWith(archive, mirrors)));
  if (found[0] === undefined) return undefined;
  return { sources: found.filter((source) => source !== undefined), options: await downloadOptions() };
}

/** The sources as sources.list lines. */
export function sourceLines({ sources }: SuiteSources): readonly string[] {
  return sources.map(({ uri, suite, components }) => `deb ${uri} ${suite} ${components.join(" ")}`);
}

async function hostMirrors(): Promise<readonly AptSource[]> {
  const own = process.env[mirrorVariable];
  const configured = await hostAptSources();
  const all = own === undefined ? configured : [{ uri: own, suite: "", components: ["main"] }, ...configured];
  return [...new Map(all.toReversed().map((source) => [source.uri, source])).values()].toReversed();
}

async function firstWith(archive: string, mirrors: readonly AptSource[]): Promise<AptSource | undefined> {
  for (const { uri, components } of mirrors) {
    if (await answers(`${uri.replace(/\/$/, "")}/dists/${archive}/InRelease`))
      return { uri, suite: archive, components };
  }
  return undefined;
}

/** Uses apt's own downloader, so that proxy, certificates and credentials are the ones apt uses. */
async function answers(url: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "pruefstand-mirror-"));
  try {
    const options = ["-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10"];
    const { exitCode } = await run("/usr/lib/apt/apt-helper", [
      ...options,
      "download-file",
      url,
      join(folder, "InRelease"),
    ]);
    return exitCode === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Options without which a download from this host's mirror fails; file names and empty values are left behind. */
const needed = /^Acquire::(Check-Valid-Until|Check-Date|https?::Proxy\S*) "[^"]+";$/;

async function downloadOptions(): Promise<readonly string[]> {
  const { stdout } = await run("apt-config", ["dump", "--format", '%f "%v";%n', "Acquire"]);
  return stdout.split("\n").filter((line) => needed.test(line));
}

function run(file: string, args: readonly string[]): Promise<{ readonly exitCode: number; readonly stdout: string }> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "ignore"], timeout: 60_000 });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.on("error", () => resolve({ exitCode: 127, stdout }));
    child.on("close", (code) => resolve({ exitCode: code ?? 1, stdout }));
  });
}
