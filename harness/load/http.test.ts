import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { createAuthority } from "../lab/ca.ts";
import type { HttpLoad } from "../model/tools.ts";
import { httpLoad } from "./http.ts";

const name = "load.pruefstand.test";
const authority = createAuthority("load-test");
const foreign = createAuthority("another-run");

describe("HTTP load over TLS", () => {
  let server: Server;
  const seen: { readonly path: string; readonly host: string }[] = [];

  before(async () => {
    const { chain, key } = authority.issue([name]);
    server = createServer({ cert: chain, key }, (request, response) => {
      seen.push({ path: request.url ?? "", host: request.headers.host ?? "" });
      response.writeHead(request.url?.startsWith("/refused") === true ? 429 : 200).end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => server.close());

  const load = (changes: Partial<HttpLoad> = {}): HttpLoad => {
    const { port } = server.address() as AddressInfo;
    return {
      endpoint: { kind: "matrix-client", host: "127.0.0.1", port, labPort: 443, servername: name, path: "/" },
      ca: authority.certificate,
      path: "/answered/{n}",
      method: "GET",
      headers: {},
      ratePerSecond: 20,
      durationSeconds: 1,
      connections: 4,
      ...changes,
    };
  };

  it("sends what was planned, each to its own path, under the name of the server", async () => {
    seen.length = 0;
    const result = await httpLoad(load());
    assert.equal(result.requests, 20);
    assert.equal(result.errors + result.non2xx, 0);
    assert.ok(Number.isFinite(result.latency.max), `${result.latency.max}`);
    assert.equal(new Set(seen.map(({ path }) => path)).size, 20);
    assert.ok(seen.every(({ host }) => host.startsWith(name)));
  });

  it("counts refusals", async () => {
    assert.equal((await httpLoad(load({ path: "/refused/{n}" }))).non2xx, 20);
  });

  it("refuses a certificate of another authority, and sends it nothing", async () => {
    seen.length = 0;
    await assert.rejects(httpLoad(load({ ca: foreign.certificate })), { code: "lab-fault", message: /certificate/ });
    assert.deepEqual(seen, []);
  });

  it("refuses a certificate for another name", async () => {
    seen.length = 0;
    const endpoint = { ...load().endpoint, servername: "other.pruefstand.test" };
    await assert.rejects(httpLoad(load({ endpoint })), { code: "lab-fault", message: /certificate/ });
    assert.deepEqual(seen, []);
  });
});
