import { performance } from "node:perf_hooks";
import type { TLSSocket } from "node:tls";
import autocannon from "autocannon";
import { HarnessError } from "../model/errors.ts";
import type { HttpLoad, HttpLoadResult } from "../model/tools.ts";
import { percentilesOf } from "./percentiles.ts";

/** What this adapter touches of autocannon's client, which its types leave open. */
interface CannonClient {
  conn: TLSSocket | undefined;
}

/** Largest number of connections that divides the rate, so that every connection has the same whole rate. */
export function evenConnections(rate: number, wanted: number): number {
  for (let connections = Math.min(rate, wanted); connections > 1; connections -= 1) {
    if (rate % connections === 0) return connections;
  }
  return 1;
}

/**
 * Latency from the time each request should have been sent.
 *
 * autocannon 9.0.0 sends a second's requests in a burst and its own correction is wrong by units (load.md, section 1), so
 * its correction is off and each answer is set against the even schedule of its connection: answer j was due to start at
 * j / rate. A burst request that started early keeps its own duration; a request never answered is infinite.
 */
export function repairOmission(
  answers: readonly (readonly { readonly atMs: number; readonly tookMs: number }[])[],
  ratePerConnection: number,
  expectedPerConnection: number,
): readonly number[] {
  return answers.flatMap((ofConnection) =>
    Array.from({ length: expectedPerConnection }, (_, index) => {
      const answer = ofConnection[index];
      if (answer === undefined) return Number.POSITIVE_INFINITY;
      return Math.max(answer.tookMs, answer.atMs - (index * 1000) / ratePerConnection);
    }),
  );
}

/**
 * autocannon never rejects a bad certificate (it sets rejectUnauthorized itself and cannot be told otherwise), but it hands
 * the run's CA to Node, which still checks. A connection that fails the check is closed before its answers count.
 */
function verifyEveryConnection(client: CannonClient, onBadCertificate: (reason: string) => void): void {
  let current: TLSSocket | undefined;
  Object.defineProperty(client, "conn", {
    get: () => current,
    set: (socket: TLSSocket) => {
      current = socket;
      socket.once("secureConnect", () => {
        if (socket.authorized) return;
        onBadCertificate(String(socket.authorizationError));
        socket.destroy();
      });
    },
  });
}

/** Fixed-rate load on one HTTPS endpoint. Bounded: stops after three times the planned duration. */
export async function httpLoad(load: HttpLoad): Promise<HttpLoadResult> {
  const connections = evenConnections(load.ratePerSecond, load.connections);
  const ratePerConnection = load.ratePerSecond / connections;
  const expected = Math.round(ratePerConnection * load.durationSeconds);
  const answers = new Map<object, { atMs: number; tookMs: number }[]>();
  let badCertificate: string | undefined;
  let counter = 0;
  const started = performance.now();
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url: `https://${load.endpoint.host}:${load.endpoint.port}${load.path.replaceAll("{n}", "0")}`,
        servername: load.endpoint.servername,
        tlsOptions: { ca: load.ca },
        method: load.method,
        headers: { host: load.endpoint.servername, ...load.headers },
        ...(load.body === undefined ? {} : { body: load.body }),
        connections,
        amount: expected * connections,
        overallRate: load.ratePerSecond,
        timeout: 10,
        ignoreCoordinatedOmission: true,
        requests: [
          {
            setupRequest: (request) => ({
              ...request,
              path: load.path.replaceAll("{n}", `${started.toString(36)}-${(counter += 1)}`),
            }),
          },
        ],
        setupClient: (client) => {
          answers.set(client, []);
          verifyEveryConnection(client as unknown as CannonClient, (reason) => {
            badCertificate = reason;
            instance.stop();
          });
        },
      },
      (error: unknown, finished) => {
        clearTimeout(guard);
        if (error) reject(new HarnessError("harness-fault", "autocannon ended with an error", { cause: error }));
        else resolve(finished);
      },
    );
    const guard = setTimeout(() => instance.stop(), load.durationSeconds * 3000);
    instance.on("response", (client, _status, _bytes, tookMs) => {
      answers.get(client)?.push({ atMs: performance.now() - started, tookMs });
    });
  });
  if (badCertificate !== undefined)
    throw new HarnessError(
      "lab-fault",
      `expected a certificate of the run's CA on ${load.endpoint.servername}, got ${badCertificate}`,
    );
  return {
    requests: expected * connections,
    errors: result.errors,
    non2xx: result.non2xx,
    latency: percentilesOf(repairOmission([...answers.values()], ratePerConnection, expected)),
    uncorrected: {
      p50: result.latency.p50,
      p90: result.latency.p90,
      p95: result.latency.p97_5,
      p99: result.latency.p99,
      max: result.latency.max,
    },
  };
}
