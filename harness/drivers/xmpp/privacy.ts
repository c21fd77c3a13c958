import { HarnessError, hasCode } from "../../model/errors.ts";
import { xml } from "./library.ts";
import type { XmppStream } from "./stream.ts";

// Who may reach a person: privacy lists (XEP-0016, deprecated but the only rule "nobody except" that servers offer each person)
// and blocking (XEP-0191).

const privacyNs = "jabber:iq:privacy";
const listName = "known-people-only";
/** Conditions of a server that does not know the extension at all. */
const unknown: ReadonlySet<unknown> = new Set(["service-unavailable", "feature-not-implemented", "item-not-found"]);

async function orUnsupported<T>(what: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (!hasCode(error, "refused") || !unknown.has(error.context["condition"])) throw error;
    throw new HarnessError("unsupported", `expected the server to offer ${what}, got ${error.message}`);
  }
}

/**
 * Messages of these people and of nobody else, for all of the account's devices. A server may refuse to change the rule of an
 * account while another of its devices is online (XEP-0016, 2.5).
 */
export async function onlyFrom(stream: XmppStream, addresses: readonly string[]): Promise<void> {
  const allowed = addresses.map((value, index) =>
    xml("item", { type: "jid", value, action: "allow", order: String(index + 1) }),
  );
  const rest = xml("item", { action: "deny", order: String(addresses.length + 1) }, xml("message"));
  const set = (child: ReturnType<typeof xml>): Promise<unknown> =>
    orUnsupported(
      "privacy lists (XEP-0016)",
      stream.request("set", undefined, xml("query", { xmlns: privacyNs }, child)),
    );
  await set(xml("list", { name: listName }, ...allowed, rest));
  await set(xml("default", { name: listName }));
}

export async function blockPerson(stream: XmppStream, address: string): Promise<void> {
  const block = xml("block", { xmlns: "urn:xmpp:blocking" }, xml("item", { jid: address }));
  await orUnsupported("blocking (XEP-0191)", stream.request("set", undefined, block));
}
