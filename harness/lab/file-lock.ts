import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { HarnessError } from "../model/errors.ts";
import { isAlive, processIdentity } from "./process-identity.ts";

/** Between two looks at a lock that another process holds. */
const lookMs = 200;

/**
 * Runs `work` while no other process of this user on this machine runs work under the same name (several check-outs share
 * one daemon). A lock whose process is gone is taken over. Throws `deadline` after `timeoutMs`.
 */
export async function withLock<T>(
  name: string,
  work: () => Promise<T>,
  options: { readonly timeoutMs?: number; readonly onWait?: (owner: string) => void } = {},
): Promise<T> {
  const path = await lockPath(name);
  await acquire(path, name, options.timeoutMs ?? 30 * 60_000, options.onWait ?? (() => {}));
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function lockPath(name: string): Promise<string> {
  const folder = join(tmpdir(), `pruefstand-${userInfo().username}`, "locks");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return join(folder, `${name.replaceAll(/[^A-Za-z0-9.-]/g, "_")}.lock`);
}

async function acquire(path: string, name: string, timeoutMs: number, onWait: (owner: string) => void): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let told = false;
  while (!(await take(path))) {
    const owner = await readOwner(path);
    if (owner === undefined) continue;
    if (!isAlive(owner)) await discard(path, owner);
    else if (performance.now() > deadline) {
      throw new HarnessError("deadline", `expected the lock "${name}" to become free, process ${owner} still holds it`);
    } else {
      if (!told) onWait(owner);
      told = true;
      await pause(lookMs);
    }
  }
}

/** Written aside, then linked: a link either appears whole or fails because the lock is held. */
async function take(path: string): Promise<boolean> {
  const aside = asideOf(path);
  try {
    await writeFile(aside, processIdentity() ?? "");
    await link(aside, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new HarnessError("environment", `expected to write the lock file ${path}`, { cause: error });
  } finally {
    await rm(aside, { force: true });
  }
}

/** Undefined when the lock has just been given back. */
async function readOwner(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Takes a dead owner's file away by rename; if another waiter was faster, its file is put back. */
async function discard(path: string, owner: string): Promise<void> {
  const aside = asideOf(path);
  try {
    await rename(path, aside);
    if ((await readOwner(aside)) !== owner) await link(aside, path);
  } catch {
    // Gone already: the next look decides.
  } finally {
    await rm(aside, { force: true });
  }
}

function asideOf(path: string): string {
  return `${path}.${process.pid}.${randomUUID()}`;
}
