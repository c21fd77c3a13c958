import { readdir } from "node:fs/promises";
import { HarnessError } from "../model/errors.ts";
import { followDaemon, type DaemonMessage, type DockerClient } from "./daemon.ts";

export interface BuildRequest {
  readonly tag: string;
  /** What is built, for messages. */
  readonly name: string;
  /** Folder with the Dockerfile; everything in it is sent to the daemon. */
  readonly context: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Lines of the build kept for the error message. */
const tailLines = 20;

/**
 * Builds with the daemon's classic builder (there may be no buildx). Build steps use the host's network, so that names the host
 * knows (a mirror in /etc/hosts, a VPN's resolver) resolve. Throws `environment` with the last lines of the build.
 */
export async function buildFolder(
  docker: DockerClient,
  request: BuildRequest,
  progress: (what: string) => void,
): Promise<void> {
  const tail: string[] = [];
  const onMessage = (message: DaemonMessage): void => {
    const lines = (message.stream ?? message.error ?? "").split("\n").filter((line) => line.trim() !== "");
    tail.push(...lines.map((line) => line.trimEnd().slice(0, 400)));
    tail.splice(0, tail.length - tailLines);
    for (const line of lines) if (/^Step \d+\/\d+ /.test(line)) progress(`${request.name}: ${line.trim()}`);
  };
  try {
    const src = await readdir(request.context);
    const stream = await docker.buildImage(
      { context: request.context, src },
      {
        t: request.tag,
        buildargs: { ...proxyArgs(), ...request.buildArgs },
        labels: { ...request.labels },
        networkmode: "host",
        rm: true,
        forcerm: true,
      },
    );
    await followDaemon(docker, stream, onMessage);
  } catch (cause) {
    const message = `expected the image ${request.name} to build, got ${reason(cause)}; last lines:\n${tail.join("\n")}`;
    throw new HarnessError("environment", message, {
      cause,
      hint: "Look at the last lines: usual causes are no package mirror, a version that has left the mirror, or a full disk.",
    });
  }
}

/** Docker knows these names without an ARG and keeps them out of the image's history. */
const proxyNames = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

function proxyArgs(): Record<string, string> {
  return Object.fromEntries(
    proxyNames.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
