import { HarnessError, hasCode } from "../../model/errors.ts";
import { attribute, forwarded } from "./messages.ts";
import { xml, type Element } from "./library.ts";
import type { XmppStream } from "./stream.ts";

const mam = "urn:xmpp:mam:2";
const rsm = "http://jabber.org/protocol/rsm";
/** Servers cap a page themselves (Prosody 13 at 50, ejabberd 26 at 250). */
const pageSize = 100;

export interface ArchiveQuery {
  /** Room JID to ask, undefined for the own account. */
  readonly archive?: string | undefined;
  /** Only messages with this peer. */
  readonly peer?: string | undefined;
}

/** Where a page lies (XEP-0059): before or after a stored message; "" before is the end of the archive. */
type Place = { readonly before: string } | { readonly after: string };

interface Page {
  readonly messages: readonly Element[];
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly complete: boolean;
}

function queryElement(queryId: string, query: ArchiveQuery, max: number, place: Place): Element {
  const field = (name: string, value: string, type?: string): Element =>
    xml("field", { var: name, ...(type === undefined ? {} : { type }) }, xml("value", {}, value));
  const form = xml("x", { xmlns: "jabber:x:data", type: "submit" }, field("FORM_TYPE", mam, "hidden"));
  if (query.peer !== undefined) form.append(field("with", query.peer));
  const where = "before" in place ? xml("before", {}, place.before) : xml("after", {}, place.after);
  const set = xml("set", { xmlns: rsm }, xml("max", {}, String(max)), where);
  return xml("query", { xmlns: mam, queryid: queryId }, form, set);
}

async function readPage(stream: XmppStream, query: ArchiveQuery, max: number, place: Place): Promise<Page> {
  const queryId = stream.freshId();
  const messages: Element[] = [];
  const stop = stream.onStanza((stanza) => {
    const result = stanza.getChild("result", mam);
    // Results of another sender than the asked archive are forgeries (XEP-0313, security considerations).
    if (result === undefined || attribute(result, "queryid") !== queryId || !isFromArchive(stream, stanza, query))
      return;
    const message = forwarded(result);
    if (message !== undefined) messages.push(message);
  });
  try {
    const answer = await stream.request("set", query.archive, queryElement(queryId, query, max, place));
    const fin = answer.getChild("fin", mam);
    const bound = (name: "first" | "last"): string | undefined => {
      const id: unknown = fin?.getChild("set", rsm)?.getChildText(name);
      return typeof id === "string" ? id : undefined;
    };
    return {
      messages,
      first: bound("first"),
      last: bound("last"),
      complete: attribute(fin, "complete") === "true",
    };
  } catch (error) {
    throw asMissingArchive(error, query);
  } finally {
    stop();
  }
}

function isFromArchive(stream: XmppStream, stanza: Element, query: ArchiveQuery): boolean {
  const from = attribute(stanza, "from");
  return query.archive === undefined ? from === "" || from === stream.bareJid : from === query.archive;
}

function asMissingArchive(error: unknown, query: ArchiveQuery): unknown {
  const missing = ["service-unavailable", "feature-not-implemented"];
  if (!hasCode(error, "refused") || !missing.includes(String(error.context["condition"]))) return error;
  return new HarnessError(
    "unsupported",
    `expected a message archive (XEP-0313) at ${query.archive ?? "the account"}, got none`,
    {
      cause: error,
    },
  );
}

/**
 * The newest `limit` stored messages, newest last. Throws `unsupported` where the server keeps no archive, `refused` where it
 * does not let us read.
 */
export async function readArchive(stream: XmppStream, query: ArchiveQuery, limit: number): Promise<readonly Element[]> {
  let messages: readonly Element[] = [];
  let before = "";
  // One more round than needed for full pages bounds a server that sends empty ones for ever.
  for (let round = 0; messages.length < limit && round <= limit / 10 + 2; round += 1) {
    const page = await readPage(stream, query, Math.min(pageSize, limit - messages.length), { before });
    messages = [...page.messages, ...messages];
    if (page.complete || page.messages.length === 0 || page.first === undefined) break;
    before = page.first;
  }
  return messages.slice(-limit);
}

/**
 * At most `limit` stored messages after the one with this archive id, oldest first: what a client missed. The newest `limit`
 * where the archive no longer knows the id (XEP-0313 4.1.2: item-not-found).
 */
export async function readArchiveAfter(
  stream: XmppStream,
  query: ArchiveQuery,
  lastKnown: string,
  limit: number,
): Promise<readonly Element[]> {
  const messages: Element[] = [];
  let after = lastKnown;
  for (let round = 0; messages.length < limit && round <= limit / 10 + 2; round += 1) {
    const page = await readPage(stream, query, pageSize, { after }).catch((error: unknown) => {
      if (hasCode(error, "refused") && error.context["condition"] === "item-not-found") return undefined;
      throw error;
    });
    if (page === undefined) return readArchive(stream, query, limit);
    messages.push(...page.messages);
    if (page.complete || page.messages.length === 0 || page.last === undefined) break;
    after = page.last;
  }
  return messages.slice(0, limit);
}
