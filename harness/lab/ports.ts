import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { HarnessError } from "../model/errors.ts";

/**
 * Below the range from which systems take ports for outgoing connections (32768 on Linux): with thousands of load sessions
 * one of those would sooner or later sit on a port that a restarted container needs back.
 */
const range = { from: 20_000, to: 32_000 };
const given = new Set<number>();

/**
 * Free ports on 127.0.0.1, never twice in this process. Docker's own choice changes when a container is started again;
 * these stay, so endpoints survive kill and restart.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > 2000)
      throw new HarnessError("environment", `expected ${count} free ports on 127.0.0.1, found ${ports.length}`);
    const port = randomInt(range.from, range.to);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
