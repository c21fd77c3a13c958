import { client, xml } from "@xmpp/client";
import { HarnessError } from "../../model/errors.ts";
import { SecureSocket, type Target } from "./secure-socket.ts";

// The only file that knows @xmpp/client. From the library come connection, parser, serialiser and elements. It lacks a way to
// name an authority, native SCRAM, immediate acknowledgements (its stream management asks 250 ms later) and bounded reads;
// stream.ts adds them. The library's own middleware never sees a stanza (it costs about twenty promises each), and it never
// reconnects behind our back.

export { xml };
/** An XML element of the library (ltx). */
export type Element = ReturnType<typeof xml>;

export const ns = {
  stanzas: "urn:ietf:params:xml:ns:xmpp-stanzas",
  streams: "urn:ietf:params:xml:ns:xmpp-streams",
  sasl: "urn:ietf:params:xml:ns:xmpp-sasl",
  bind: "urn:ietf:params:xml:ns:xmpp-bind",
  sm: "urn:xmpp:sm:3",
} as const;

/** The parts of the library's connection that its types leave out. */
export interface Connection {
  socket: SecureSocket | null;
  transports: TransportClass[];
  _onElement(element: Element): void;
  _onData(data: Buffer): void;
  _detachParser(): void;
  connect(service: string): Promise<unknown>;
  open(options: { domain: string }): Promise<unknown>;
  restart(): Promise<unknown>;
  write(text: string): Promise<void>;
  on(event: string, listener: (value: unknown) => void): void;
  reconnect: { stop(): void };
}
/** The library's incremental parser: one "element" for each child of the stream. */
interface ElementParser {
  write(text: string): void;
  on(event: "element", listener: (element: Element) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
}
interface TransportClass {
  readonly prototype: { socketParameters(service: string): unknown; Socket: unknown; Parser: new () => ElementParser };
}

export interface ConnectionOptions {
  readonly target: Target;
  readonly domain: string;
  readonly withinMs: number;
}

/** A connection that is not open yet, over TLS that this bench verifies. */
export function connectionTo(options: ConnectionOptions): Connection {
  const entity = client({ service: "xmpp://lab", domain: options.domain }) as unknown as Connection;
  entity.reconnect.stop();
  const Tcp = entity.transports.find(({ prototype }) => canSpeak(prototype, "xmpp://lab:1"));
  if (Tcp === undefined) throw new HarnessError("harness-fault", "expected @xmpp/client to bring a TCP transport");
  const prototype = Object.create(Tcp.prototype) as TransportClass["prototype"];
  entity.transports = [
    { prototype: Object.assign(prototype, { Socket: SecureSocket, socketParameters: () => options.target }) },
  ];
  Object.assign(entity, { timeout: options.withinMs });
  return entity;
}

function canSpeak(prototype: TransportClass["prototype"], service: string): boolean {
  try {
    return prototype.socketParameters(service) !== undefined;
  } catch {
    return false;
  }
}

/** Puts our own hands between socket, parser and user: the library offers no other place for them. */
export function takeOver(
  connection: Connection,
  onElement: (element: Element) => void,
  onData: (data: Buffer, parse: (data: Buffer) => void) => void,
): void {
  // oxlint-disable no-underscore-dangle -- names of the library
  const parse = connection._onData.bind(connection);
  connection._onElement = onElement;
  connection._onData = (data) => onData(data, parse);
  // oxlint-enable no-underscore-dangle
}

/** The parser of {@link parseElement}, inside a stream; a broken one is replaced. */
let shared: ElementParser | undefined;
let parsed: Element | undefined;

/** Reads one complete child of a stream. Throws `disconnected` when it is not well-formed. */
export function parseElement(text: string): Element {
  parsed = undefined;
  let problem: Error | undefined;
  const parser = (shared ??= parserInStream());
  try {
    parser.write(text);
  } catch (error) {
    problem = error as Error;
  }
  if (parsed !== undefined && problem === undefined) return parsed;
  shared = undefined;
  throw new HarnessError(
    "disconnected",
    `expected well-formed XML from the server, got ${JSON.stringify(text.slice(0, 80))}`,
    {
      cause: problem,
    },
  );
}

function parserInStream(): ElementParser {
  const { Parser } = xml as unknown as { readonly Parser: new () => ElementParser };
  const parser = new Parser();
  parser.on("element", (element) => (parsed = element));
  parser.on("error", (error) => {
    throw error;
  });
  parser.write("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
  return parser;
}

/** An error answer as the server's "no". */
export function refusal(what: string, element: Element | undefined): HarnessError {
  const { condition, text } = errorWords(element);
  const words = text === "" ? condition : `${condition}: ${text}`;
  return new HarnessError("refused", `expected ${what}, got ${words}`, { context: { condition, text } });
}

/** The server's words of an error element: "condition: text". */
export function errorWords(element: Element | undefined): { readonly condition: string; readonly text: string } {
  const children = element?.getChildElements() ?? [];
  const condition = children.find((child) => child.name !== "text")?.name ?? "undefined-condition";
  const text = children.find((child) => child.name === "text")?.getText() ?? "";
  return { condition, text: text.slice(0, 500) };
}
