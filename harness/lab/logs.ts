import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { readLog } from "./container-log.ts";
import { BoundedText, type DockerClient } from "./daemon.ts";
import type { ServerInstance } from "./instance.ts";
import type { DockerContainer } from "./networks.ts";

/** A log for the evidence folder; reading it is bounded. */
export interface LogSource {
  readonly name: string;
  readonly read: () => Promise<string>;
}

const bounds = { tail: 20_000, limit: 4 * 1024 * 1024 };

/** What the containers wrote to their output, and the log files that the candidate declares as a store. */
export function logSources(docker: DockerClient, { id, candidate, services }: ServerInstance): readonly LogSource[] {
  const outputs = services.map(({ name, container }) => ({
    name: `${id}-${name}`,
    read: () => readLog(docker, container, bounds),
  }));
  const files = candidate.stores.flatMap(({ holds, read, service, id: store }) => {
    const container = services.find((each) => each.name === service)?.container;
    if (holds !== "logs" || read.kind !== "paths" || container === undefined) return [];
    return [{ name: `${id}-${service}-${store}`, read: () => readFiles(container, read.paths) }];
  });
  return [...outputs, ...files];
}

/** Also from a container that has ended. */
async function readFiles(container: DockerContainer, paths: readonly string[]): Promise<string> {
  const text = new BoundedText(bounds.limit);
  for (const path of paths) {
    const archive = extract();
    archive.on("entry", (header, stream, next) => {
      text.write(`== ${header.name}\n`);
      stream.on("data", (chunk) => text.write(chunk));
      stream.once("end", next);
    });
    await pipeline(await container.getArchive({ path }), archive);
  }
  return text.text();
}
