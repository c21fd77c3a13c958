import { EventEmitter } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { HarnessError } from "../../model/errors.ts";
import type { ChannelBinding } from "./scram.ts";

/** Where and how to reach a server: connect to `host:port`, verify the certificate for `servername` against `ca`. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  /** PEM. */
  readonly ca: string;
  /** TLS from the first byte (XEP-0368) instead of STARTTLS (RFC 6120, section 5). */
  readonly direct: boolean;
}

/** One context per authority: parsing the PEM again for each of 2 000 sessions would cost more than the login. */
const contexts = new Map<string, tls.SecureContext>();

export function secureContext(ca: string): tls.SecureContext {
  const known = contexts.get(ca);
  if (known !== undefined) return known;
  const context = tls.createSecureContext({ ca, minVersion: "TLSv1.2" });
  if (contexts.size > 50) contexts.clear();
  contexts.set(ca, context);
  return context;
}

/** Features before TLS are short; more than this is not a server we talk to. */
const maxPlainBytes = 65_536;

/** A server that asks without end and reads no answers must not fill our memory. */
const maxWaitingBytes = 16 * 1024 * 1024;

/** Undefined while the other side reads what we send, else what to end the connection with. */
export function notRead(waitingBytes: number, domain: string): HarnessError | undefined {
  if (waitingBytes <= maxWaitingBytes) return undefined;
  return new HarnessError("disconnected", `expected ${domain} to read, got 16 MiB waiting to be taken`);
}

/** How every client stream begins, before TLS, after it and after the login (RFC 6120, 4.2). */
export const streamHeader = (domain: string): string =>
  `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;

const streamCondition = (got: string): Record<string, string> => {
  const condition = /<([a-z-]+) xmlns=['"]urn:ietf:params:xml:ns:xmpp-streams['"]/.exec(got)?.[1];
  return condition === undefined ? {} : { condition };
};

/** Speaks the plain part of STARTTLS: stream, features, starttls, proceed. Nothing else is ever sent without TLS. */
export function negotiateOn(socket: net.Socket, domain: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let seen = "";
  let asked = false;
  // Only a stream error is the server's "no" (a ban, a policy); everything else here is a TLS failure, never a refusal.
  const fail = (code: "disconnected" | "refused" | "unsupported", got: string): void =>
    reject(new HarnessError(code, `expected STARTTLS on ${domain}, got ${got}`, { context: streamCondition(got) }));
  const onClose = (): void => fail("disconnected", "a closed connection");
  const onData = (data: Buffer): void => {
    seen += data.toString("latin1");
    if (seen.length > maxPlainBytes) return fail("disconnected", "more than 64 KiB before TLS");
    if (!asked && seen.includes("</stream:features>")) {
      if (!seen.includes("urn:ietf:params:xml:ns:xmpp-tls")) return fail("unsupported", "features without STARTTLS");
      asked = true;
      socket.write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    } else if (asked && seen.includes("<proceed")) {
      resolve();
    } else if (seen.includes("</stream:error>")) {
      fail("refused", seen.slice(-500));
    } else if (/<failure[\s/>]/.test(seen)) {
      fail("disconnected", seen.slice(-500));
    }
  };
  socket.on("data", onData).once("close", onClose).once("error", reject);
  socket.write(streamHeader(domain));
  const negotiated = promise.finally(() => {
    socket.off("data", onData).off("close", onClose).off("error", reject);
  });
  // A caller that gave up in the meantime no longer listens; the process must not end for it.
  negotiated.catch(() => undefined);
  return negotiated;
}

/** TLS over an open socket, certificate verified for `servername`. Rejects with the reason; never with `refused`. */
export function secure(socket: net.Socket, target: Target): Promise<tls.TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<tls.TLSSocket>();
  const secured = tls.connect({
    socket,
    servername: target.servername,
    secureContext: secureContext(target.ca),
    ...(target.direct ? { ALPNProtocols: ["xmpp-client"] } : {}),
  });
  const onClose = (): void => reject(new Error("the connection was closed during the TLS handshake"));
  secured
    .once("secureConnect", () => resolve(secured))
    .once("error", reject)
    .once("close", onClose);
  return promise.finally(() => secured.off("error", reject).off("close", onClose));
}

/** Connects and secures. Rejects with `disconnected` if it does not come to a verified TLS connection. */
export async function openSecure(target: Target, onSocket?: (socket: net.Socket) => void): Promise<tls.TLSSocket> {
  const socket = net.connect({ host: target.host, port: target.port, noDelay: true });
  onSocket?.(socket);
  const connected = Promise.withResolvers<void>();
  socket
    .once("connect", connected.resolve)
    .once("error", connected.reject)
    .once("close", () => connected.reject(new Error("closed before it was connected")));
  try {
    await connected.promise;
    if (!target.direct) await negotiateOn(socket, target.servername);
    return await secure(socket, target);
  } catch (cause) {
    socket.destroy();
    if (cause instanceof HarnessError) throw cause;
    throw new HarnessError(
      "disconnected",
      `expected a verified TLS connection to ${target.servername} at ${target.host}:${target.port}, got: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** tls-exporter (RFC 9266), TLS 1.3 only; undefined below. */
export function bindingOf(socket: tls.TLSSocket | undefined): ChannelBinding | undefined {
  if (socket?.getProtocol() !== "TLSv1.3") return undefined;
  return { type: "tls-exporter", data: socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0)) };
}

/**
 * What the library takes for a socket: it is "connected" when TLS stands, so nothing of the library ever runs on plain text.
 * STARTTLS of the library itself can neither take an authority nor another name than the host's.
 */
export class SecureSocket extends EventEmitter {
  readonly secure = true;
  #raw: net.Socket | undefined;
  #tls: tls.TLSSocket | undefined;

  connect(target: Target): void {
    void this.#connect(target);
  }

  async #connect(target: Target): Promise<void> {
    try {
      const secured = await openSecure(target, (socket) => {
        this.#raw = socket;
      });
      this.#tls = secured;
      secured.on("data", (data: Buffer) => this.emit("data", data));
      secured.on("error", (error) => this.emit("error", error));
      secured.on("close", () => this.emit("close", false));
      this.emit("connect");
    } catch (error) {
      this.emit("error", error);
      this.emit("close", true);
    }
  }

  write(data: string, done?: (error?: Error | null) => void): void {
    if (this.#tls === undefined || this.#tls.destroyed) done?.(new Error("the connection is closed"));
    else this.#tls.write(data, done);
  }

  /** Bytes that the other side has not taken yet. */
  get waitingBytes(): number {
    return this.#tls?.writableLength ?? 0;
  }

  end(): void {
    if (this.#tls === undefined) this.#raw?.destroy();
    else this.#tls.end();
  }

  destroy(): void {
    this.#tls?.destroy();
    this.#raw?.destroy();
  }

  channelBinding(): ChannelBinding | undefined {
    return bindingOf(this.#tls);
  }
}
