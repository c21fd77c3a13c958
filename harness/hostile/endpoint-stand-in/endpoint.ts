import net from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import tls from "node:tls";

// STAND-IN. Only tests use it.

/** What is done with one connection. It may end, break or never end. */
export type Script = (socket: net.Socket) => void | Promise<void>;

export interface HostileEndpoint extends AsyncDisposable {
  readonly port: number;
}

/** Listens on a free port of loopback; with a certificate over TLS. */
export async function listenHostile(
  script: Script,
  identity?: { readonly chain: string; readonly key: string },
): Promise<HostileEndpoint> {
  const open = new Set<net.Socket>();
  const serve = (raw: net.Socket): void => {
    open.add(raw);
    const socket = identity === undefined ? raw : secured(raw, identity);
    // The client goes away in the middle of everything: that is what the tests are about.
    for (const one of [raw, socket]) one.on("error", () => raw.destroy());
    raw.on("close", () => open.delete(raw));
    void run(script, socket);
  };
  const server = net.createServer(serve);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

async function run(script: Script, socket: net.Socket): Promise<void> {
  try {
    await script(socket);
  } catch {
    socket.destroy();
  }
}

const below = new WeakMap<net.Socket, net.Socket>();

function secured(raw: net.Socket, { chain, key }: { readonly chain: string; readonly key: string }): net.Socket {
  const socket = new tls.TLSSocket(raw, { isServer: true, cert: chain, key });
  below.set(socket, raw);
  return socket;
}

/** Ends the connection with a reset, TLS or not. */
export const reset = (socket: net.Socket): void => void (below.get(socket) ?? socket).resetAndDestroy();

/** Writes as fast as it is read, until the other side goes away: the same chunk, or a fresh one each time. */
export async function endless(socket: net.Socket, chunk: string | Buffer | (() => string)): Promise<void> {
  const same = typeof chunk === "function" ? undefined : Buffer.from(chunk as string);
  while (!socket.destroyed) {
    if (socket.write(same ?? (chunk as () => string)())) await pause(0);
    else await drained(socket);
  }
}

/** Bytes that are read with as little pause as possible, at most `total` of them. */
export async function plenty(socket: net.Socket, chunk: string, total: number): Promise<void> {
  for (let sent = 0; sent < total && !socket.destroyed; sent += chunk.length) {
    if (!socket.write(chunk)) await drained(socket);
  }
}

/** One byte now and then: no idle time-out ever fires. */
export async function drip(socket: net.Socket, text: string): Promise<void> {
  for (let at = 0; !socket.destroyed; at = (at + 1) % text.length) {
    socket.write(text.charAt(at));
    await pause(20);
  }
}

async function drained(socket: net.Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("drain", resolve).once("close", resolve);
  await promise;
  socket.off("drain", resolve).off("close", resolve);
}

/** Calls back with all text so far whenever some arrives; returns what ends the listening. */
export function onText(socket: net.Socket, listener: (text: string) => void): () => void {
  const read = (data: Buffer): void => listener(data.toString("latin1"));
  socket.on("data", read);
  return () => void socket.off("data", read);
}
