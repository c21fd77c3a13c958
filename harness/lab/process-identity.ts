import { readFileSync } from "node:fs";

/**
 * `<pid>:<start time>` of a process: the start time (clock ticks since boot, field 22 of /proc/<pid>/stat) tells a reused pid
 * from the process that was meant. Undefined when no such process runs.
 */
export function processIdentity(pid: number = process.pid): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in brackets and may hold spaces: count from the last bracket.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : `${pid}:${fields[19]}`;
  } catch {
    return existsWithoutProc(pid) ? `${pid}:0` : undefined;
  }
}

/** True while the process that wrote this identity runs. */
export function isAlive(identity: string): boolean {
  return processIdentity(Number(identity.split(":", 1)[0])) === identity;
}

/** macOS has no /proc: there the pid alone must do. */
function existsWithoutProc(pid: number): boolean {
  if (process.platform === "linux") return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
