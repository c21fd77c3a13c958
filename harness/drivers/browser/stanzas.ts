/** What a WebSocket frame says, as far as the bench needs it: RFC 7395 puts exactly one element in a frame. */
export interface StanzaFacts {
  /** Name of the element as written, e.g. "message", "stream:error". */
  readonly name: string;
  readonly id: string | undefined;
  readonly type: string | undefined;
  /** Counter of a stream-management answer `<a h=…>` (XEP-0198, 4). */
  readonly handled: number | undefined;
}

const startTag = /^\s*<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*\/?>/;

/** Name and attributes of the frame's element; undefined for what is not an element. */
export function stanzaFacts(frame: string): StanzaFacts | undefined {
  const [, name, attributes = ""] = startTag.exec(frame) ?? [];
  if (name === undefined) return undefined;
  const handled = Number.parseInt(attribute(attributes, "h") ?? "", 10);
  return {
    name,
    id: attribute(attributes, "id"),
    type: attribute(attributes, "type"),
    handled: Number.isNaN(handled) ? undefined : handled,
  };
}

function attribute(attributes: string, name: string): string | undefined {
  const [, double, single] = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes) ?? [];
  const value = double ?? single;
  return value === undefined ? undefined : unescapeXml(value);
}

/** What a message stanza shows to the server. */
export interface Exposure {
  /** Namespaces of its `<encrypted>` elements: OMEMO 0.3 and, or, OMEMO 2 (XEP-0384). */
  readonly encryptedBy: readonly string[];
  /** Text of `<body>`: the message, or the hint for clients that cannot decrypt. */
  readonly body: string | undefined;
}

/** Namespaces of OMEMO in use: the deployed 0.3 and version 2. */
const omemoNamespaces: readonly string[] = ["eu.siacs.conversations.axolotl", "urn:xmpp:omemo:2"];

const encryptedTag = /<encrypted\b[^<>]*?\bxmlns\s*=\s*["']([^"']+)["']/g;

/** Reads our own outgoing stanza, serialised by Chromium: text in it is escaped, so tags in it are real tags. */
export function exposureOf(frame: string): Exposure {
  const [, body] = /<body(?:\s[^<>]*)?>([^<]*)<\/body>/.exec(frame) ?? [];
  return {
    encryptedBy: [...frame.matchAll(encryptedTag)].map(([, namespace]) => namespace ?? ""),
    body: body === undefined ? undefined : unescapeXml(body),
  };
}

/** Texts shorter than this may stand in ciphertext or an id by chance. */
const shortestTellingText = 8;

/** Why a stanza does not count as encrypted; undefined when it does. */
export function encryptionFault(frame: string, text: string): string | undefined {
  const { encryptedBy, body } = exposureOf(frame);
  if (!encryptedBy.some((namespace) => omemoNamespaces.includes(namespace)))
    return "it has no OMEMO <encrypted> element";
  if (body === text) return "its <body> is the text";
  if (text.length >= shortestTellingText && unescapeXml(frame).includes(text)) return "it holds the text in clear";
  return undefined;
}

/** Why a stanza does not count as plain; undefined when it does. */
export function plainnessFault(frame: string, text: string): string | undefined {
  const { encryptedBy, body } = exposureOf(frame);
  if (encryptedBy.length > 0) return `it is encrypted (${encryptedBy.join(", ")})`;
  return body === text ? undefined : "its <body> is not the text";
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

const unescapeXml = (text: string): string =>
  text.replaceAll(/&(?:(lt|gt|quot|apos|amp)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));/g, (whole, name, decimal, hex) => {
    if (name !== undefined) return entities[name as string] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
  });

/** The text and condition of an error or SASL failure, the server's words; bounded to 2 kB. */
export function serverWords(frame: string): string {
  const conditions = [...frame.matchAll(/<([a-z][a-z-]+)[^<>]*\/>/g)].map(([, name]) => name);
  const [, text] = /<text\b[^<>]*>([^<]*)<\/text>/.exec(frame) ?? [];
  const words = [...conditions, ...(text === undefined ? [] : [unescapeXml(text)])].join(": ");
  return (words === "" ? frame : words).slice(0, 2048);
}
