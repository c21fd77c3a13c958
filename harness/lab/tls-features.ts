import net from "node:net";
import tls from "node:tls";
import type { Endpoint } from "../model/server.ts";
import type { TlsFeatures, TlsPortReport } from "../model/tools.ts";
import { clientHello, extensions, readAnswer, type HelloAnswer, type OfferedSuites } from "./tls-hello.ts";
import { readSession, type SessionFacts } from "./tls-session.ts";

// TLS features that TR-02102-2 forbids or limits, one port at a time, over the published port: what ServerHello takes up of a
// hello that offers everything, one try to renegotiate, and what the session tickets allow. What stays open is left out of the
// answer and named in `failures`: from it nothing follows about the server. Public counterparts: testssl.sh (-R, -C, -B), SSLyze.

const withinMs = 10_000;
const limitBytes = 256 * 1024;

/** What is said in the clear before TLS begins: hear the pattern, with the offer in it, then send. `leave` is the answer to the last. */
interface Talk {
  readonly before: readonly { readonly hear?: RegExp; readonly offers?: string; readonly say: string }[];
  readonly leave: RegExp;
}

const overXmpp = (endpoint: Endpoint): Talk => ({
  before: [
    { say: streamHeader(endpoint) },
    {
      hear: /<stream:features[^<>]*\/>|<\/stream:features>|<\/stream:error>/,
      offers: "urn:ietf:params:xml:ns:xmpp-tls",
      say: "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    },
  ],
  leave: /<proceed[\s/>]/,
});
const overSmtp = (): Talk => ({
  before: [
    { hear: /^220[ -][^\n]*\n/, say: "EHLO bench.pruefstand.test\r\n" },
    { hear: /^250 [^\n]*\n/m, say: "STARTTLS\r\n" },
  ],
  leave: /^220[ -][^\n]*\n/,
});
const overImap = (): Talk => ({
  before: [{ hear: /^\* [^\n]*\n/, say: "a STARTTLS\r\n" }],
  leave: /^a OK[^\n]*\n/m,
});

/** Kinds of ports where TLS is asked for first (RFC 6120, 5; RFC 3207; RFC 9051, 6.2.1). */
const talks: Readonly<Record<string, (endpoint: Endpoint) => Talk>> = {
  "xmpp-client": overXmpp,
  "xmpp-server": overXmpp,
  "smtp-submission": overSmtp,
  "smtp-server": overSmtp,
  imap: overImap,
};
const isXmpp = ({ kind }: Endpoint): boolean => /^xmpp-(client|server)(-tls)?$/.test(kind);

function streamHeader({ servername, kind }: Endpoint): string {
  const namespace = kind.startsWith("xmpp-server") ? "jabber:server" : "jabber:client";
  return `<?xml version='1.0'?><stream:stream to='${servername}' version='1.0' xmlns='${namespace}' xmlns:stream='http://etherx.jabber.org/streams'>`;
}

/** Anything a server has to answer. */
function opening(endpoint: Endpoint): string {
  if (isXmpp(endpoint)) return streamHeader(endpoint);
  if (endpoint.kind === "irc-tls") return "CAP LS 302\r\n";
  return `GET / HTTP/1.1\r\nHost: ${endpoint.servername}\r\nConnection: close\r\n\r\n`;
}

type Ending = "closed" | "silent";

/** What `parse` makes of all bytes that came, or how it ended without that. */
function read<T extends object | string>(
  socket: net.Socket,
  parse: (bytes: Buffer) => T | undefined,
): Promise<T | Ending> {
  const { promise, resolve, reject } = Promise.withResolvers<T | Ending>();
  let bytes = Buffer.alloc(0);
  const onData = (data: Buffer): void => {
    bytes = Buffer.concat([bytes, data]);
    try {
      const parsed = parse(bytes);
      if (parsed !== undefined) resolve(parsed);
      else if (bytes.length > limitBytes) reject(new Error(`more than ${limitBytes} bytes`));
    } catch (error) {
      reject(error);
    }
  };
  const onEnd = (): void => resolve("closed");
  const late = setTimeout(() => resolve("silent"), withinMs);
  socket.on("data", onData).on("error", onEnd).on("end", onEnd).on("close", onEnd);
  return promise.finally(() => {
    clearTimeout(late);
    // The error listener stays: a connection that breaks later is nobody's concern, and must not end the process.
    socket.off("data", onData).off("end", onEnd).off("close", onEnd);
  });
}

/** A connection at the point where TLS begins. Throws where it does not come to that. */
async function connect(endpoint: Endpoint): Promise<net.Socket> {
  const socket = net.connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve).on("error", reject);
  socket.setTimeout(withinMs, () => reject(new Error(`no connection within ${withinMs} ms`)));
  try {
    await promise;
    socket.setTimeout(0);
    const talk = talks[endpoint.kind]?.(endpoint);
    if (talk !== undefined) await negotiate(socket, talk);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function negotiate(socket: net.Socket, { before, leave }: Talk): Promise<void> {
  for (const { hear, offers = "", say } of before) {
    if (hear !== undefined) await expectText(socket, hear, offers);
    socket.write(say);
  }
  await expectText(socket, leave, "");
}

/** Throws with what came instead. */
async function expectText(socket: net.Socket, pattern: RegExp, offers: string): Promise<void> {
  let heard = "";
  const ending = await read(socket, (bytes) => {
    heard = bytes.toString("latin1");
    return pattern.test(heard) ? "matched" : undefined;
  });
  if (ending !== "matched" || !heard.includes(offers))
    throw new Error(`no STARTTLS: ${ending} after ${JSON.stringify(heard.slice(-200))}`);
}

async function hello(endpoint: Endpoint, offered: OfferedSuites): Promise<HelloAnswer | Ending> {
  const socket = await connect(endpoint);
  try {
    socket.write(clientHello(endpoint.servername, offered));
    return await read(socket, readAnswer);
  } finally {
    socket.destroy();
  }
}

const word = (answer: HelloAnswer | Ending): string =>
  typeof answer === "string" ? answer : "alert" in answer ? `alert ${answer.alert}` : "answered";

/** What the server takes up. Truncation is offered once more with suites that have an HMAC: a server without any truncates none. */
async function taken(endpoint: Endpoint): Promise<Pick<TlsFeatures, "compression" | "heartbeat" | "truncatedHmac">> {
  const answer = await hello(endpoint, "any");
  if (typeof answer === "string" || "alert" in answer) throw new Error(`no ServerHello: ${word(answer)}`);
  const second = await hello(endpoint, "with-hmac");
  // The same hello but for the suites was answered a moment ago: an alert or a closed connection refuses them.
  if (second === "silent") throw new Error("no answer to an offer of suites with HMAC");
  const chosen = [answer, ...(typeof second === "string" || "alert" in second ? [] : [second])];
  const takes = (type: number): boolean => chosen.some((one) => one.extensions.includes(type));
  return {
    compression: chosen.some(({ compression }) => compression !== 0),
    heartbeat: takes(extensions.heartbeat),
    truncatedHmac: takes(extensions.truncatedHmac),
  };
}

type Version = "TLSv1.2" | "TLSv1.3";

/** A verified TLS connection and the sessions the server hands over on it, as they come. */
async function secured(
  endpoint: Endpoint,
  ca: string,
  version: Version,
): Promise<{ readonly socket: tls.TLSSocket; readonly sessions: readonly SessionFacts[] }> {
  const plain = await connect(endpoint);
  const { servername } = endpoint;
  const socket = tls.connect({ socket: plain, servername, ca, minVersion: version, maxVersion: version });
  const sessions: SessionFacts[] = [];
  socket.on("session", (bytes: Buffer) => sessions.push(readSession(bytes)));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error(`no handshake within ${withinMs} ms`)), withinMs);
  socket
    .once("secureConnect", resolve)
    .on("error", reject)
    .once("close", () => reject(new Error("closed")));
  try {
    await promise.finally(() => clearTimeout(late));
    return { socket, sessions };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Client-initiated: an alert or a closed connection is the server's no; silence settles nothing. */
async function renegotiates(socket: tls.TLSSocket): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const late = setTimeout(() => reject(new Error(`no answer to a renegotiation within ${withinMs} ms`)), withinMs);
  const refused = (): void => resolve(false);
  socket.on("error", refused).once("end", refused).once("close", refused);
  socket.resume();
  socket.renegotiate({}, (error) => resolve(error === null));
  return promise.finally(() => clearTimeout(late));
}

interface OverTls12 {
  readonly renegotiation: boolean;
  readonly extendedMasterSecret: boolean;
  readonly tickets: TlsFeatures["tickets"];
}

async function overTls12(endpoint: Endpoint, ca: string): Promise<OverTls12> {
  const { socket } = await secured(endpoint, ca, "TLSv1.2");
  try {
    const bytes = socket.getSession();
    if (bytes === undefined) throw new Error("no session");
    const { ticket, lifetime, extendedMasterSecret } = readSession(bytes);
    return {
      extendedMasterSecret,
      tickets: ticketsOf("TLSv1.2", ticket ? [lifetime] : []),
      renegotiation: await renegotiates(socket),
    };
  } finally {
    socket.destroy();
  }
}

/** RFC 5077, 3.3: 0 leaves it to the client in TLS 1.2, so nobody knows how long the server would take the ticket. */
function ticketsOf(version: Version, lifetimes: readonly number[]): NonNullable<TlsFeatures["tickets"]> {
  return lifetimes.map((seconds) => ({ version, ...(version === "TLSv1.2" && seconds === 0 ? {} : { seconds }) }));
}

/** The tickets of TLS 1.3 come before the first answer of the application. */
async function overTls13(
  endpoint: Endpoint,
  ca: string,
): Promise<Required<Pick<TlsFeatures, "tickets" | "earlyDataBytes">>> {
  const { socket, sessions } = await secured(endpoint, ca, "TLSv1.3");
  try {
    socket.write(opening(endpoint));
    const answer = await read(socket, (bytes) => (bytes.length > 0 ? "answered" : undefined));
    if (answer !== "answered") throw new Error(`no answer over TLS 1.3 (${answer}): tickets may have been missed`);
    const tickets = ticketsOf(
      "TLSv1.3",
      sessions.filter(({ ticket }) => ticket).map(({ lifetime }) => lifetime),
    );
    return { tickets, earlyDataBytes: Math.max(0, ...sessions.map(({ earlyDataBytes }) => earlyDataBytes)) };
  } finally {
    socket.destroy();
  }
}

/** The result, or undefined and a line among the failures. */
async function noting<T>(failures: string[], what: string, body: () => Promise<T>): Promise<T | undefined> {
  try {
    return await body();
  } catch (error) {
    failures.push(`${what}: ${(error as Error).message.slice(0, 300)}`);
    return undefined;
  }
}

/** Adds what one port does with these features; a port without TLS, or one the scanner did not reach, stays as it is. */
export async function withFeatures(port: TlsPortReport, ca: string): Promise<TlsPortReport> {
  const { endpoint, acceptedVersions } = port;
  if (port.localFailures.length > 0 || acceptedVersions.length === 0) return port;
  const failures: string[] = [];
  const has12 = acceptedVersions.includes("TLSv1.2");
  const has13 = acceptedVersions.includes("TLSv1.3");
  const offered = has12 ? await noting(failures, "hello", () => taken(endpoint)) : undefined;
  const over12 = has12 ? await noting(failures, "TLS 1.2", () => overTls12(endpoint, ca)) : undefined;
  const over13 = has13 ? await noting(failures, "TLS 1.3", () => overTls13(endpoint, ca)) : undefined;
  if (!has12) failures.push("no TLS 1.2: what the server takes up stands in the clear only there");
  const tickets = [...(over12?.tickets ?? []), ...(over13?.tickets ?? [])];
  const ticketsKnown = (has12 || has13) && !(has12 && over12 === undefined) && !(has13 && over13 === undefined);
  return {
    ...port,
    features: {
      ...offered,
      ...(over12 === undefined
        ? {}
        : { renegotiation: over12.renegotiation, extendedMasterSecret: over12.extendedMasterSecret }),
      // Versions before 1.3 have no early data.
      ...(has13 ? (over13 === undefined ? {} : { earlyDataBytes: over13.earlyDataBytes }) : { earlyDataBytes: 0 }),
      ...(ticketsKnown ? { tickets } : {}),
      failures,
    },
  };
}
