import { HarnessError } from "../model/errors.ts";
import type { RunningServer } from "../model/server.ts";
import type { TlsScanner } from "../model/tools.ts";
import type { BuiltImage } from "./base-image.ts";
import type { DockerClient } from "./daemon.ts";
import { execBounded } from "./exec.ts";
import type { ServerInstance } from "./instance.ts";
import type { Labels } from "./labels.ts";
import { runTool } from "./run-tool.ts";
import { createTlsScanner } from "./tls-scanner.ts";

/** What a lab needs to lend its servers to the scanner. */
export interface LabScannerOptions {
  readonly docker: DockerClient;
  readonly labels: Labels;
  /** The image of `tlsScannerImage`, built on first use. */
  image(): Promise<BuiltImage>;
}

/** The scanner for the servers of one deployment, on the network where they meet: it sees what another server sees. */
export function scannerFor(
  { docker, labels, image }: LabScannerOptions,
  servers: readonly ServerInstance[],
): TlsScanner {
  return createTlsScanner({
    async run(server, tool) {
      const { tag } = await image();
      return runTool(docker, { ...tool, image: tag, network: meetingPlace(instanceOf(servers, server)), labels });
    },
    readGeneratedCertificate: (server) => readGenerated(docker, instanceOf(servers, server)),
  });
}

function instanceOf(servers: readonly ServerInstance[], { id, domain }: RunningServer): ServerInstance {
  const found = servers.find((each) => each.id === id);
  if (found === undefined) throw new HarnessError("harness-fault", `expected ${domain} to be part of this deployment`);
  return found;
}

function meetingPlace({ services, domain }: ServerInstance): string {
  const front = services.find(({ service }) => service.front === true);
  const network = front?.federation?.network.name;
  if (network === undefined) throw new HarnessError("lab-fault", `expected a front service of ${domain} on a network`);
  return network;
}

async function readGenerated(
  docker: DockerClient,
  { candidate, services, domain }: ServerInstance,
): Promise<string | undefined> {
  const place = candidate.generatedCertificate;
  if (place === undefined) return undefined;
  const container = services.find(({ name }) => name === place.service)?.container;
  if (container === undefined) {
    throw new HarnessError("harness-fault", `expected a service "${place.service}" of ${candidate.id}, there is none`);
  }
  const { exitCode, stdout, stderr } = await execBounded(container, ["cat", place.path], { user: "root" });
  if (exitCode === 0) return stdout;
  const got = stderr.trim().slice(0, 200);
  throw new HarnessError("lab-fault", `expected ${domain} to hold its own certificate in ${place.path}, got: ${got}`);
}
