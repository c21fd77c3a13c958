import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

// Signing of Matrix events and requests (server-server specification, "Signing events"; appendices, "Canonical JSON" and "Signing
// JSON"; room versions 3 to 12 for hashes and redaction).

export type Json = Readonly<Record<string, unknown>>;

/** Keys sorted by code point, nothing between tokens, UTF-8 as it is. Numbers are written as they are given: a stand-in may lie. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined);
    // Code units and code points sort alike outside of surrogates, which our keys have none of.
    const sorted = entries.toSorted(([left], [right]) => (left < right ? -1 : 1));
    return `{${sorted.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

const unpadded = (bytes: Uint8Array, encoding: "base64" | "base64url" = "base64"): string =>
  Buffer.from(bytes).toString(encoding).replaceAll("=", "");

/** A signing key of a server. */
export interface SigningKey {
  /** "ed25519:…" */
  readonly id: string;
  readonly secret: KeyObject;
  /** Unpadded base64 of the 32 bytes. */
  readonly published: string;
}

export function createSigningKey(name: string): SigningKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const secret = createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" }));
  const jwk = createPublicKey(secret).export({ format: "jwk" });
  return { id: `ed25519:${name}`, secret, published: unpadded(Buffer.from(String(jwk.x), "base64url")) };
}

const without = (object: Json, ...keys: readonly string[]): Json =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));

const signatureOf = (object: Json, key: SigningKey): string =>
  unpadded(sign(null, Buffer.from(canonical(without(object, "signatures", "unsigned")), "utf8"), key.secret));

/** The object with one more signature. */
export function signJson(object: Json, domain: string, key: SigningKey): Json {
  const known = (object["signatures"] ?? {}) as Readonly<Record<string, Json>>;
  const own = { ...known[domain], [key.id]: signatureOf(object, key) };
  return { ...object, signatures: { ...known, [domain]: own } };
}

const powerKeys = "ban events events_default kick redact state_default users users_default".split(" ");

/** Content that survives a redaction, by event type: what signatures and ids are made of (room versions 8 to 12). */
function keptContent(type: string, content: Json, version: number): Json {
  const keep = (...names: readonly string[]): Json =>
    Object.fromEntries(Object.entries(content).filter(([name]) => names.includes(name)));
  switch (type) {
    case "m.room.member":
      return keep("membership", "join_authorised_via_users_server");
    case "m.room.create":
      return version >= 11 ? content : keep("creator");
    case "m.room.join_rules":
      return keep("join_rule", "allow");
    case "m.room.power_levels":
      return keep(...powerKeys, ...(version >= 11 ? ["invite"] : []));
    case "m.room.history_visibility":
      return keep("history_visibility");
    default:
      return {};
  }
}

const keptKeys =
  "event_id type room_id sender state_key content hashes signatures depth prev_events auth_events origin_server_ts".split(
    " ",
  );
const keptBefore11 = ["origin", "membership", "prev_state"];

function redacted(event: Json, version: number): Json {
  const keys = version >= 11 ? keptKeys : [...keptKeys, ...keptBefore11];
  const kept = Object.fromEntries(Object.entries(event).filter(([key]) => keys.includes(key)));
  return { ...kept, content: keptContent(String(event["type"]), (event["content"] ?? {}) as Json, version) };
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();

export const withHash = (event: Json): Json => ({
  ...event,
  hashes: { sha256: unpadded(sha256(canonical(without(event, "unsigned", "signatures", "hashes")))) },
});

/** Signs an event as `domain`; the signature covers its redacted form. */
export function signEvent(event: Json, domain: string, key: SigningKey, version: number): Json {
  const known = (event["signatures"] ?? {}) as Readonly<Record<string, Json>>;
  const signature = signatureOf(redacted(event, version), key);
  return { ...event, signatures: { ...known, [domain]: { ...known[domain], [key.id]: signature } } };
}

/** "$" and the reference hash (room versions 4 and later). */
export const eventId = (event: Json, version: number): string =>
  `$${unpadded(sha256(canonical(without(redacted(event, version), "signatures", "unsigned"))), "base64url")}`;

/** Value of the Authorization header of a request between servers. */
export function authorization(
  key: SigningKey,
  request: {
    readonly method: string;
    readonly uri: string;
    readonly origin: string;
    readonly destination: string;
    readonly content?: unknown;
  },
): string {
  const signature = signatureOf(request, key);
  const { origin, destination } = request;
  return `X-Matrix origin="${origin}",destination="${destination}",key="${key.id}",sig="${signature}"`;
}
