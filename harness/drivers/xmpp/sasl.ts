import { HarnessError } from "../../model/errors.ts";
import { scram, type ChannelBinding, type ScramHash } from "./scram.ts";
import { errorWords, ns, xml, type Element } from "./library.ts";

/** Best first; PLAIN last and only ever over TLS. */
const scramMechanisms: readonly (readonly [string, ScramHash])[] = [
  ["SCRAM-SHA-256", "sha256"],
  ["SCRAM-SHA-1", "sha1"],
];

export interface Login {
  readonly name: string;
  readonly password: string;
  readonly binding: ChannelBinding | undefined;
  /** Sends an element and gives the next one. */
  exchange(element: Element): Promise<Element>;
}

const encode = (text: string): string => Buffer.from(text, "utf8").toString("base64");
const decode = (element: Element): string => Buffer.from(element.getText(), "base64").toString("utf8");

/** XEP-0440: the channel bindings a server can check. */
function offersBinding(features: Element, type: string): boolean {
  const offered = features.getChild("sasl-channel-binding", "urn:xmpp:sasl-cb:0")?.getChildren("channel-binding") ?? [];
  return offered.some((element) => element.attrs["type"] === type);
}

/** Anything but a failure is no decision about the login. */
function refused(element: Element): HarnessError {
  if (!element.is("failure", ns.sasl)) {
    const name = element.name.slice(0, 80);
    return new HarnessError("disconnected", `expected an answer to the login, got an element "${name}"`);
  }
  const { condition, text } = errorWords(element);
  const words = text === "" ? condition : `${condition}: ${text}`;
  return new HarnessError("refused", `expected the server to accept the login, got ${words}`, {
    context: { condition, text, sasl: true },
  });
}

/** Logs in with the strongest mechanism both sides know. Throws `refused` with the SASL condition. */
export async function authenticate(features: Element, login: Login): Promise<void> {
  const mechanisms = features.getChild("mechanisms", ns.sasl)?.getChildren("mechanism") ?? [];
  const offered = new Set(mechanisms.map((element) => element.getText()));
  const plus = [...offered].some((name) => name.endsWith("-PLUS"));
  for (const [mechanism, hash] of scramMechanisms) {
    const { binding } = login;
    if (binding !== undefined && offered.has(`${mechanism}-PLUS`) && offersBinding(features, binding.type)) {
      return loginScram(`${mechanism}-PLUS`, hash, login, { header: `p=${binding.type},,`, data: binding.data });
    }
    // RFC 5802, 6: "y" says that the server offered no channel binding although we could; it must not be said of one that did.
    if (offered.has(mechanism)) {
      return loginScram(mechanism, hash, login, { header: binding === undefined || plus ? "n,," : "y,," });
    }
  }
  if (offered.has("PLAIN")) return loginPlain(login);
  throw new HarnessError(
    "unsupported",
    `expected SCRAM or PLAIN among the server's mechanisms, got ${[...offered].join(" ").slice(0, 300) || "none"}`,
  );
}

async function loginScram(
  mechanism: string,
  hash: ScramHash,
  login: Login,
  binding: { readonly header: string; readonly data?: Buffer },
): Promise<void> {
  const exchange = scram(hash, login, binding);
  const challenge = await login.exchange(xml("auth", { xmlns: ns.sasl, mechanism }, encode(exchange.first)));
  if (!challenge.is("challenge", ns.sasl)) throw refused(challenge);
  const answer = await exchange.answer(decode(challenge));
  const outcome = await login.exchange(xml("response", { xmlns: ns.sasl }, encode(answer)));
  if (!outcome.is("success", ns.sasl)) throw refused(outcome);
  exchange.verify(decode(outcome));
}

async function loginPlain(login: Login): Promise<void> {
  const message = encode(`\0${login.name}\0${login.password}`);
  const outcome = await login.exchange(xml("auth", { xmlns: ns.sasl, mechanism: "PLAIN" }, message));
  if (!outcome.is("success", ns.sasl)) throw refused(outcome);
}
