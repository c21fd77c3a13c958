import { Writable } from "node:stream";
import { getContainerRuntimeClient, type ContainerRuntimeClient } from "testcontainers";
import { HarnessError } from "../model/errors.ts";

export type DockerClient = ContainerRuntimeClient["container"]["dockerode"];

/**
 * The client that testcontainers found (DOCKER_HOST, DOCKER_CONTEXT, rootless sockets …). Throws `environment` when no daemon answers.
 * testcontainers keeps a found client and looks again after a failure, so a daemon started later is seen.
 */
export async function dockerClient(): Promise<DockerClient> {
  prepareEnvironment();
  try {
    return (await getContainerRuntimeClient()).container.dockerode;
  } catch (cause) {
    throw new HarnessError("environment", "expected a Docker daemon to answer, got none", {
      cause,
      hint: "Start Docker (sudo systemctl start docker) or set DOCKER_HOST; ./pruefstand doctor shows what is missing.",
    });
  }
}

/**
 * testcontainers takes a machine with a /.dockerenv for a container and then talks to the bridge's gateway, where nothing
 * listens: published ports are bound to the loopback. Its reaper image may be out of reach; the lab cleans by labels.
 */
function prepareEnvironment(): void {
  process.env["TESTCONTAINERS_HOST_OVERRIDE"] ??= "127.0.0.1";
  process.env["TESTCONTAINERS_RYUK_DISABLED"] ??= "true";
}

/**
 * Follows a stream of the daemon's JSON messages to its end; throws an Error with the daemon's words when one of them is an error:
 * a failed build ends its stream normally, and docker-modem reports nothing.
 */
export async function followDaemon(
  docker: DockerClient,
  stream: NodeJS.ReadableStream,
  onMessage: (message: DaemonMessage) => void = () => {},
): Promise<void> {
  let failure: string | undefined;
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error: Error | null) => (error ? reject(error) : resolve()),
      (message: DaemonMessage) => {
        failure ??= message.error;
        onMessage(message);
      },
    );
  });
  if (failure !== undefined) throw new Error(failure);
}

export interface DaemonMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
}

/** A sink that keeps the first `limit` bytes as text and swallows the rest. */
export class BoundedText extends Writable {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  truncated = false;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const room = this.#limit - this.#size;
    if (chunk.length > room) this.truncated = true;
    if (room > 0) this.#chunks.push(chunk.subarray(0, room));
    this.#size += Math.min(chunk.length, Math.max(room, 0));
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
