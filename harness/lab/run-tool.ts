import { pipeline } from "node:stream/promises";
import { HarnessError } from "../model/errors.ts";
import { BoundedText, type DockerClient } from "./daemon.ts";
import { Demultiplexer } from "./demux.ts";
import type { Labels } from "./labels.ts";

/** A program run once in a container of its own. */
export interface ToolRequest {
  /** Image tag. */
  readonly image: string;
  readonly command: readonly [string, ...string[]];
  /** Name of the one network it sees. */
  readonly network: string;
  /** For clean-up and for whoever looks. */
  readonly labels: Labels;
  readonly timeoutMs: number;
}

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** True when more was written than is kept. */
  readonly truncated: boolean;
}

const outputLimit = 16 * 1024 * 1024;

/**
 * Runs the command to its end and removes the container. Throws `deadline` when it takes longer, `lab-fault` when it cannot be
 * started or was killed (a tool that was killed has found nothing out). Other exit codes are the caller's to judge.
 */
export async function runTool(docker: DockerClient, request: ToolRequest): Promise<ToolResult> {
  const container = await createContainer(docker, request);
  const stdout = new BoundedText(outputLimit);
  const stderr = new BoundedText(64 * 1024);
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const drained = pipeline(stream, new Demultiplexer(stdout, stderr));
    // Awaited below; a stream that breaks before the end must not become an unhandled rejection.
    drained.catch(() => {});
    await container.start();
    const { StatusCode } = await within(container.wait(), request);
    await within(drained, request);
    if (StatusCode >= 128) throw toolFault(request, `exit code ${StatusCode} (killed)`);
    const truncated = stdout.truncated || stderr.truncated;
    return { exitCode: StatusCode, stdout: stdout.text(), stderr: stderr.text(), truncated };
  } catch (cause) {
    if (cause instanceof HarnessError) throw cause;
    throw toolFault(request, cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    await container.remove({ force: true, v: true }).catch(() => {});
  }
}

type Container = ReturnType<DockerClient["getContainer"]>;

async function createContainer(docker: DockerClient, request: ToolRequest): Promise<Container> {
  try {
    return await docker.createContainer({
      Image: request.image,
      Cmd: [...request.command],
      Labels: { ...request.labels },
      HostConfig: {
        NetworkMode: request.network,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges:true"],
        ReadonlyRootfs: true,
        Tmpfs: { "/tmp": "" },
        PidsLimit: 512,
        Memory: 1024 * 1024 * 1024,
      },
    });
  } catch (cause) {
    throw toolFault(request, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

async function within<T>(work: Promise<T>, { command, timeoutMs }: ToolRequest): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `expected ${command[0]} to end within ${timeoutMs / 1000} s, it still runs`;
    timer = setTimeout(() => reject(new HarnessError("deadline", message)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function toolFault({ command, image }: ToolRequest, got: string, cause?: unknown): HarnessError {
  return new HarnessError("lab-fault", `expected ${command[0]} to run in ${image}, got: ${got}`, { cause });
}
