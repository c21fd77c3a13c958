import { fork } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import { createAuthority } from "../lab/ca.ts";
import type { LoadSession, SessionEnd } from "../model/session.ts";
import type { Login } from "./xmpp-cost.ts";

// What Node's own TLS costs on this machine under the same schedule and with records of the same size: nothing that speaks
// XMPP over node:tls can cost less.

const domain = "a.pruefstand.test";
/** What a message of the load driver is around its body, on the way to the server. */
const aroundBody = "<message to='bench39@a.pruefstand.test' type='chat' id='m1000'><body></body></message>".length;

/** A TLS connection that carries records of one size and nothing else; every send counts as acknowledged at once. */
function bareSession(socket: tls.TLSSocket, recordBytes: number): LoadSession {
  const end = Promise.withResolvers<SessionEnd>();
  socket.once("close", () => end.resolve({ at: performance.now() }));
  const record = "x".repeat(recordBytes);
  const listeners: Parameters<LoadSession["onMessage"]>[0][] = [];
  let unread = 0;
  // Once for all listeners: each would count the same bytes again.
  socket.on("data", (data: Buffer) => {
    for (unread += data.length; unread >= recordBytes; unread -= recordBytes) {
      const at = performance.now();
      for (const listener of listeners) listener("", at);
    }
  });
  return {
    address: domain,
    ended: end.promise,
    prepare: async () => ({ kind: "direct", id: domain }),
    async send() {
      socket.write(record);
      return performance.now();
    },
    onMessage(listener) {
      listeners.push(listener);
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await end.promise;
    },
  };
}

async function connect(port: number, secureContext: tls.SecureContext): Promise<tls.TLSSocket> {
  const raw = net.connect({ host: "127.0.0.1", port, noDelay: true });
  await once(raw, "connect");
  const socket = tls.connect({ socket: raw, servername: domain, secureContext });
  await once(socket, "secureConnect");
  // The relay has it too: tls-relay.ts.
  await once(socket, "data");
  return socket;
}

/** A relay in another process, and what connects to it; each two connections that follow one another are a pair. */
export async function openFloor(payloadBytes: number): Promise<AsyncDisposable & { readonly login: Login }> {
  const authority = createAuthority("floor");
  const relay = fork(join(import.meta.dirname, "tls-relay.ts"));
  relay.send(authority.issue([domain]));
  const [port] = (await once(relay, "message")) as [number];
  const secureContext = tls.createSecureContext({ ca: authority.certificate });
  return {
    login: async () => bareSession(await connect(port, secureContext), payloadBytes + aroundBody),
    async [Symbol.asyncDispose]() {
      relay.disconnect();
      await once(relay, "exit");
    },
  };
}
