import { HarnessError } from "../model/errors.ts";
import { canInstallPackages, findCommand, installPackages, runCommand, type Progress } from "./system.ts";

/** Names under which distributions install it. */
const commands = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** Names a browser to use instead. */
const chromiumVariable = "PRUEFSTAND_CHROMIUM";

/** Path of a Chromium, or undefined. */
export async function findChromium(): Promise<string | undefined> {
  const named = process.env[chromiumVariable];
  if (named !== undefined) return named;
  for (const command of commands) {
    const path = await findCommand(command);
    if (path !== undefined) return path;
  }
  return undefined;
}

/** "Chromium 142.0 …", or undefined when it cannot even say its version. */
export async function chromiumVersion(path: string): Promise<string | undefined> {
  const { exitCode, stdout } = await runCommand([path, "--version"], { timeoutMs: 30_000 });
  return exitCode === 0 ? stdout.trim() : undefined;
}

/**
 * Path of a Chromium; makes sure that certutil is there too (the run's CA goes into a browser profile of its own). Installs the
 * distribution's packages where that is allowed, otherwise throws `environment`.
 */
export async function ensureChromium(progress: Progress = () => {}): Promise<string> {
  const missing = await missingPackages();
  if (missing.length > 0) {
    if (!(await canInstallPackages())) {
      const remedy = `Run: sudo apt-get install ${missing.join(" ")} (or set ${chromiumVariable} to a Chromium's path).`;
      throw new HarnessError(
        "environment",
        `expected Chromium and certutil for client checks, missing: ${missing.join(", ")}`,
        {
          hint: remedy,
        },
      );
    }
    await installPackages(missing, progress);
  }
  const path = await findChromium();
  if (path !== undefined) return path;
  throw new HarnessError("environment", "expected a Chromium after installing the package chromium, found none", {
    hint: `Install a Chromium and set ${chromiumVariable} to its path.`,
  });
}

async function missingPackages(): Promise<readonly string[]> {
  const [chromium, certutil] = await Promise.all([findChromium(), findCommand("certutil")]);
  return [...(chromium === undefined ? ["chromium"] : []), ...(certutil === undefined ? ["libnss3-tools"] : [])];
}
