import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { chromium, type Browser } from "playwright-core";
import { HarnessError } from "../../model/errors.ts";

/** A running Chromium that trusts one certificate authority besides its own roots. */
export interface TrustingBrowser extends AsyncDisposable {
  readonly browser: Browser;
  readonly version: string;
}

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const run = promisify(execFile);

/**
 * Quiet and offline: no updates, sync, hints or metrics; no name is resolved by the browser itself. Names of the lab go
 * through the tunnel, which resolves them. WebRTC would bypass it.
 */
const flags: readonly string[] = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--disable-gpu",
  "--disable-domain-reliability",
  "--disable-client-side-phishing-detection",
  "--metrics-recording-only",
  "--no-first-run",
  "--no-default-browser-check",
  "--no-pings",
  "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** The distribution's Chromium, or the one named by PRUEFSTAND_CHROMIUM. Throws `environment` where there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string {
  if (env["PRUEFSTAND_CHROMIUM"] !== undefined) return env["PRUEFSTAND_CHROMIUM"];
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  if (found !== undefined) return found;
  throw new HarnessError("environment", `Expected one of ${names.join(", ")} in PATH, found none`, {
    hint: "Install it with: apt-get install chromium libnss3-tools",
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts Chromium, headless, with a home of its own that holds an NSS database with `ca` (PEM) as a trusted authority.
 * Certificate verification stays on. Disposing ends the process and removes the home.
 */
export async function launchChromium(ca: string): Promise<TrustingBrowser> {
  const executablePath = findChromium();
  const home = await mkdtemp(join(tmpdir(), "pruefstand-chromium-"));
  const remove = (): Promise<void> => rm(home, { recursive: true, force: true, maxRetries: 3 });
  try {
    await trust(home, ca);
    const browser = await startChromium(executablePath, home);
    return { browser, version: browser.version(), [Symbol.asyncDispose]: () => browser.close().then(remove, remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Starts Chromium, headless and offline, with a home of its own. Throws `environment` when it does not come up. */
export async function startChromium(executablePath: string, home: string): Promise<Browser> {
  try {
    return await chromium.launch({
      executablePath,
      headless: true,
      args: [...flags],
      // Chromium refuses its sandbox as root; everybody else keeps it.
      chromiumSandbox: process.getuid?.() !== 0,
      // The run decides what a signal means.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      timeout: 30_000,
      env: { PATH: process.env["PATH"] ?? "", HOME: home, TMPDIR: home, LANG: "C.UTF-8" },
    });
  } catch (error) {
    throw new HarnessError("environment", `Chromium (${executablePath}) did not start: ${firstLine(error)}`, {
      cause: error,
      hint: "./pruefstand doctor tells what is missing",
    });
  }
}

/** Chromium on Linux reads the user's additional authorities from the NSS database below its home. */
async function trust(home: string, ca: string): Promise<void> {
  const folder = join(home, ".pki", "nssdb");
  const file = join(home, "ca.pem");
  await mkdir(folder, { recursive: true });
  await writeFile(file, ca);
  const certutil = (...args: readonly string[]): Promise<unknown> =>
    run("certutil", ["-d", `sql:${folder}`, ...args], { timeout: 30_000 });
  try {
    await certutil("-N", "--empty-password");
    await certutil("-A", "-n", "pruefstand", "-t", "C,,", "-i", file);
  } catch (error) {
    throw new HarnessError("environment", `certutil could not store the run's CA for Chromium: ${firstLine(error)}`, {
      cause: error,
      hint: "Install it with: apt-get install libnss3-tools",
    });
  }
}

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split("\n", 1)[0] ?? "";
