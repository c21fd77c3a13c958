import { Readable, type Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { ExecResult } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import { BoundedText } from "./daemon.ts";
import { Demultiplexer } from "./demux.ts";
import type { DockerContainer } from "./networks.ts";

const outputLimit = 4 * 1024 * 1024;
const execTimeoutMs = 120_000;

export interface Sinks {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

export interface ExecOptions {
  readonly stdin?: string;
  readonly user?: string;
  readonly timeoutMs?: number;
}

/** Runs a command and keeps the first 4 MiB of each output. Never throws on a non-zero exit; `lab-fault` when it cannot run at all. */
export async function execBounded(
  container: DockerContainer,
  command: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const stdout = new BoundedText(outputLimit);
  const stderr = new BoundedText(outputLimit);
  const exitCode = await execInto(container, command, { stdout, stderr }, options);
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

/** Runs a command with its outputs going to the given sinks; returns the exit code. */
export async function execInto(
  container: DockerContainer,
  command: readonly string[],
  sinks: Sinks,
  options: ExecOptions = {},
): Promise<number> {
  const where = `"${command.join(" ").slice(0, 200)}" in a container`;
  try {
    const exec = await container.exec({
      Cmd: [...command],
      AttachStdout: true,
      AttachStderr: true,
      AttachStdin: options.stdin !== undefined,
      ...(options.user === undefined ? {} : { User: options.user }),
    });
    const stream = await exec.start({ hijack: true, stdin: options.stdin !== undefined });
    if (options.stdin !== undefined) stream.end(options.stdin);
    await drain(stream, sinks, options.timeoutMs ?? execTimeoutMs, where);
    return await exitCodeOf(exec, where);
  } catch (cause) {
    if (cause instanceof HarnessError) throw cause;
    throw new HarnessError("lab-fault", `expected to run ${where}, got: ${(cause as Error).message}`, { cause });
  }
}

/** Everything has arrived in the sinks when this returns; a stream that breaks off is an error. */
async function drain(stream: Duplex, sinks: Sinks, timeoutMs: number, where: string): Promise<void> {
  const timer = setTimeout(() => {
    stream.destroy(new HarnessError("deadline", `expected ${where} to end within ${timeoutMs / 1000} s`));
  }, timeoutMs);
  try {
    const readable = Readable.from(stream, { objectMode: false });
    await pipeline(readable, new Demultiplexer(sinks.stdout, sinks.stderr));
    await Promise.all([finished(sinks.stdout), finished(sinks.stderr)]);
  } finally {
    clearTimeout(timer);
  }
}

function finished(sink: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.once("error", reject);
    sink.end(resolve);
  });
}

type Exec = Awaited<ReturnType<DockerContainer["exec"]>>;

/** The stream may end a moment before the daemon has noted the exit. */
async function exitCodeOf(exec: Exec, where: string): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const { Running, ExitCode } = await exec.inspect();
    if (!Running && ExitCode !== null) return ExitCode;
    await pause(20);
  }
  throw new HarnessError("lab-fault", `expected an exit code of ${where}, the daemon has none`);
}
