import { PassThrough, pipeline } from "node:stream";
import { BoundedText, type DockerClient } from "./daemon.ts";
import { Demultiplexer } from "./demux.ts";
import type { DockerContainer } from "./networks.ts";

export interface LogOptions {
  /** Stay and wait for more. */
  readonly follow?: boolean;
  /** RFC 3339 time with nanoseconds, as the daemon writes it. */
  readonly since?: string;
  readonly tail?: number;
}

/** Standard output and error of a container as one stream of bytes. Destroying it ends a followed log. */
export async function openLog(
  docker: DockerClient,
  container: DockerContainer,
  options: LogOptions = {},
): Promise<PassThrough> {
  const source = await request(docker, container, options);
  const merged = new PassThrough();
  pipeline(source, new Demultiplexer(merged, merged), (error) => {
    if (error) merged.destroy(error);
    else merged.end();
  });
  merged.on("close", () => source.destroy());
  return merged;
}

/** The last lines, at most `limit` bytes; a line has no limit, so reading ends with the limit. */
export async function readLog(
  docker: DockerClient,
  container: DockerContainer,
  options: { readonly tail: number; readonly limit: number },
): Promise<string> {
  const sink = new BoundedText(options.limit);
  const log = await openLog(docker, container, { tail: options.tail });
  for await (const chunk of log) {
    sink.write(chunk);
    if (sink.truncated) break;
  }
  return sink.text();
}

interface LogSource extends NodeJS.ReadableStream {
  destroy(): void;
}

/** dockerode's own `logs` reads an unfollowed log into memory as a whole; a server under attack may have written gigabytes. */
function request(docker: DockerClient, container: DockerContainer, options: LogOptions): Promise<LogSource> {
  const query = {
    stdout: true,
    stderr: true,
    follow: options.follow === true,
    ...(options.since === undefined ? {} : { since: unixTime(options.since) }),
    ...(options.tail === undefined ? {} : { tail: options.tail }),
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        path: `/containers/${container.id}/logs?`,
        options: query,
        method: "GET",
        isStream: true,
        statusCodes: { 200: true, 404: "no such container", 409: "container not ready", 500: "server error" },
      },
      (error, stream) => (error ? reject(error) : resolve(stream as LogSource)),
    );
  });
}

/** `<seconds>.<nanoseconds>`, which the daemon takes beside whole seconds. */
function unixTime(rfc3339: string): string {
  const nanos = /\.(\d+)/.exec(rfc3339)?.[1] ?? "0";
  return `${Math.floor(Date.parse(rfc3339) / 1000)}.${nanos.padEnd(9, "0").slice(0, 9)}`;
}
