import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { HarnessError } from "../model/errors.ts";

/** Told one short sentence about each thing that takes time. */
export type Progress = (what: string) => void;

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const outputLimit = 1024 * 1024;

/** Runs a command to its end; never throws for an exit code, a missing command gives exit code 127. Output is bounded to 1 MiB each. */
export function runCommand(
  command: readonly [string, ...string[]],
  options: { readonly env?: Readonly<Record<string, string>>; readonly timeoutMs?: number; readonly cwd?: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const [file, ...args] = command;
    const child = spawn(file, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      timeout: options.timeoutMs,
      cwd: options.cwd,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout = (stdout + text).slice(-outputLimit)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-outputLimit)));
    child.on("error", (error) => resolve({ exitCode: 127, stdout, stderr: stderr + error.message }));
    child.on("close", (code) => resolve({ exitCode: code ?? 1, stdout, stderr }));
  });
}

/** Absolute path of a command on the PATH, or undefined. */
export async function findCommand(name: string): Promise<string | undefined> {
  // A login without the sbin folders is usual for ordinary users; dockerd and friends live there.
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** True where packages can be installed: root on a system with apt-get. */
export async function canInstallPackages(): Promise<boolean> {
  return process.getuid?.() === 0 && (await findCommand("apt-get")) !== undefined;
}

/** "Debian GNU/Linux 12 (bookworm)" or the platform's name. */
export function systemName(): string {
  try {
    const line = readFileSync("/etc/os-release", "utf8").match(/^PRETTY_NAME="?([^"\n]+)/m);
    return line?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}

/** Installs Debian packages without recommendations; waits for another apt that holds the lock. Throws `environment`. */
export async function installPackages(packages: readonly string[], progress: Progress): Promise<void> {
  progress(`installing ${packages.join(", ")} with apt-get`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends"] as const;
  const first = await runCommand([...install, ...packages], { env });
  if (first.exitCode === 0) return;
  // The package lists may be missing or old (containers, fresh images): fetch them once and try again.
  await runCommand(["apt-get", "-o", "DPkg::Lock::Timeout=300", "update"], { env });
  const second = await runCommand([...install, ...packages], { env });
  if (second.exitCode === 0) return;
  const last = second.stderr.trim().split("\n").slice(-3).join(" ");
  throw new HarnessError("environment", `expected apt-get to install ${packages.join(" ")}, got: ${last}`, {
    hint: `Install it yourself: sudo apt-get install ${packages.join(" ")}`,
  });
}
