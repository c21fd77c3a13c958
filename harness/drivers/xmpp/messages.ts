import type { Attachment, Conversation, ReceivedMessage } from "../../model/session.ts";
import type { Element } from "./library.ts";

// Reading message stanzas: RFC 6121 5, XEP-0045 7.4, XEP-0280 (carbons), XEP-0313 (archive), XEP-0424 (retraction),
// XEP-0359 (stanza ids), XEP-0066 (addresses of uploads).

export const bare = (jid: string): string => jid.split("/", 1)[0] ?? jid;
export const resourceOf = (jid: string): string => (jid.includes("/") ? jid.slice(jid.indexOf("/") + 1) : "");
export const attribute = (element: Element | undefined, name: string): string => String(element?.attrs[name] ?? "");

/** The message inside a carbon or an archive result; only the own account or the asked archive may wrap one (CVE-2017-5589). */
export function forwarded(wrapper: Element | undefined): Element | undefined {
  return wrapper?.getChild("forwarded", "urn:xmpp:forward:0")?.getChild("message");
}

export interface Retraction {
  /** Id of the message that is taken back. */
  readonly id: string;
  readonly from: string;
}

/** XEP-0424; the `fasten` form of its older versions as clients still send it. */
export function retractionIn(message: Element): Retraction | undefined {
  const from = attribute(message, "from");
  const current = message.getChild("retract", "urn:xmpp:message-retract:1");
  if (current !== undefined) return { id: attribute(current, "id"), from };
  const fastened = message.getChild("apply-to", "urn:xmpp:fasten:0");
  if (fastened?.getChild("retract", "urn:xmpp:message-retract:0") === undefined) return undefined;
  return { id: attribute(fastened, "id"), from };
}

/** Id of the message that this one replaces (XEP-0308). */
export function correctionIn(message: Element): string | undefined {
  const replace = message.getChild("replace", "urn:xmpp:message-correct:0");
  return replace === undefined ? undefined : attribute(replace, "id");
}

/** The id that the entity `by` gave the message; only that entity's own counts (XEP-0359, 3.). */
export function stanzaId(message: Element, by: string): string | undefined {
  const found = message.getChildren("stanza-id", "urn:xmpp:sid:0").find((element) => attribute(element, "by") === by);
  return found === undefined ? undefined : attribute(found, "id");
}

/** Resolves who said it: in a room the nick is the speaker's address (see rooms.ts), unless presence told the real one. */
export type Speaker = (room: string, nick: string) => string;

export interface ReadOptions {
  readonly own: string;
  readonly speaker: Speaker;
  readonly attachment: (url: string) => Attachment;
}

/** A text message, or undefined for everything else (chat states, receipts, subjects, errors, retractions). */
export function readMessage(message: Element, options: ReadOptions): ReceivedMessage | undefined {
  const type = attribute(message, "type");
  const body = message.getChild("body");
  if (type === "error" || body === undefined || retractionIn(message) !== undefined) return undefined;
  const from = attribute(message, "from");
  const conversation = conversationOf(message, type, options.own);
  const url = message.getChild("x", "jabber:x:oob")?.getChildText("url");
  return {
    id: attribute(message, "id"),
    conversation,
    from: type === "groupchat" ? options.speaker(bare(from), resourceOf(from)) : bare(from),
    text: body.getText(),
    encrypted: false,
    at: performance.now(),
    ...(typeof url === "string" && url !== "" ? { attachment: options.attachment(url) } : {}),
  };
}

function conversationOf(message: Element, type: string, own: string): Conversation {
  const from = bare(attribute(message, "from"));
  if (type === "groupchat") return { kind: "group", id: from };
  return { kind: "direct", id: from === own ? bare(attribute(message, "to")) : from };
}
