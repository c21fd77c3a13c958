import { HarnessError } from "../../model/errors.ts";

// Reads the little that a load session needs out of the text of one element (latin1, as StanzaSplitter gives it).

export type QuickStanza =
  | { readonly kind: "message"; readonly type: string | undefined; readonly body: string | undefined }
  | { readonly kind: "presence" }
  | { readonly kind: "request-ack" }
  | { readonly kind: "ack"; readonly handled: number }
  /** Something for the library's parser. */
  | { readonly kind: "other" };

const other: QuickStanza = { kind: "other" };
const presence: QuickStanza = { kind: "presence" };
const requestAck: QuickStanza = { kind: "request-ack" };

const broken = (what: string): HarnessError =>
  new HarnessError("disconnected", `expected well-formed XML from the server, got ${what}`);

const nameOf = /<([^\s/>"'<=]+)/y;
/** One tag from "<" to ">": closing mark, name, attributes, self-closing mark. */
const tag = /<(\/?)([^\s/>"'<=]+)((?:\s+[^\s/>"'<=]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const attribute = /\s([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const smNamespace = /\sxmlns\s*=\s*(["'])urn:xmpp:sm:3\1/;

/** What kind of element this is. Throws `disconnected` when a message is not well-formed. */
export function readStanza(text: string): QuickStanza {
  nameOf.lastIndex = 0;
  switch (nameOf.exec(text)?.[1]) {
    case "message":
      return readMessage(text);
    case "presence":
      return presence;
    case "r":
      return smNamespace.test(text) ? requestAck : other;
    case "a":
      return smNamespace.test(text) ? { kind: "ack", handled: Number(attributeIn(tagAt(text, 0)[3], "h")) } : other;
    default:
      return other;
  }
}

/** The text of an attribute, undefined without it. */
function attributeIn(attributes: string, wanted: string): string | undefined {
  attribute.lastIndex = 0;
  for (let found = attribute.exec(attributes); found !== null; found = attribute.exec(attributes)) {
    if (found[1] === wanted) return plain(found[2] ?? found[3] ?? "");
  }
  return undefined;
}

type Tag = readonly [whole: string, closing: string, name: string, attributes: string, empty: string];

function tagAt(text: string, at: number): Tag {
  tag.lastIndex = at;
  const found = tag.exec(text);
  if (found === null) throw broken(JSON.stringify(text.slice(at, at + 80)));
  return found as unknown as Tag;
}

/** Type of the message and the text of its first child `body`, as the library's getChildText gives it. */
function readMessage(text: string): QuickStanza {
  const open: string[] = [];
  let type: string | undefined;
  let body: string | undefined;
  let inBody = false;
  for (let at = 0; ;) {
    if (text.startsWith("<![CDATA[", at)) {
      const end = text.indexOf("]]>", at);
      if (inBody && open.length === 2) body += decoded(text.slice(at + 9, end));
      at = end + 3;
    } else {
      const [whole, closing, name, attributes, empty] = tagAt(text, at);
      at += whole.length;
      if (open.length === 0) type = attributeIn(attributes, "type");
      if (closing !== "") {
        if (open.pop() !== name) throw broken(`</${name.slice(0, 80)}> for another element`);
        if (open.length === 1) inBody = false;
      } else {
        const first = open.length === 1 && name === "body" && body === undefined;
        if (first) body = "";
        if (empty === "") {
          open.push(name);
          inBody ||= first;
        }
      }
    }
    if (open.length === 0) return { kind: "message", type, body };
    const next = text.indexOf("<", at);
    if (next < 0) throw broken("an element without its end");
    if (inBody && open.length === 2) body += plain(text.slice(at, next));
    at = next;
  }
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Beyond ASCII the text is UTF-8. */
const decoded = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- the question is whether there is anything but ASCII
  /[^\x00-\x7f]/.test(text) ? Buffer.from(text, "latin1").toString("utf8") : text;

function plain(text: string): string {
  if (!text.includes("&")) return decoded(text);
  return decoded(text).replaceAll(/&([^;]{0,12})(;?)/g, (_whole, name: string, end: string) => {
    const character = end === "" ? undefined : (named[name] ?? numbered(name));
    if (character === undefined) throw broken(`the entity &${name};`);
    return character;
  });
}

/** XML 1.0, 2.2: which characters a reference may name. */
function numbered(name: string): string | undefined {
  const digits = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name);
  if (digits === null) return undefined;
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  const legal =
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 0x20 && code <= 0xd7_ff) ||
    (code >= 0xe0_00 && code <= 0xff_fd) ||
    (code >= 0x1_00_00 && code <= 0x10_ff_ff);
  return legal ? String.fromCodePoint(code) : undefined;
}
