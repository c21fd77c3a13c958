import { HarnessError } from "../../../model/errors.ts";
import type { Attempt, PlaintextFacts } from "../../../model/probes.ts";
import type { Endpoint, Listener, Person, RunningServer } from "../../../model/server.ts";
import { exposedPorts } from "../../exposed-ports.ts";
import { isAlive, openStream, speaksTls } from "../targets.ts";
import { xml } from "../library.ts";
import { attempt, c2sHeader, featuresEnd, RawStream, s2sHeader, type Heard } from "../raw-stream.ts";
import { scram, type ScramHash } from "../scram.ts";

// Tries everything a client, a server or a web client could do without TLS (RFC 7590; Mindeststandard TLS KONF.14.1.1).

type PlainAttempt = Attempt & { readonly kind: "authenticate" | "deliver" };

interface Scene {
  readonly server: RunningServer;
  readonly person: Person;
  readonly peer: Person;
  /** Tells whether the peer got a message with this text; asks the server first, so that all before it has been handled. */
  delivered(text: string): Promise<boolean>;
}

/** The endpoint of a kind that can be reached from here, with somebody behind it. */
type Open = (kind: Endpoint["kind"]) => Endpoint | undefined;

interface Trial {
  readonly kind: PlainAttempt["kind"];
  readonly what: string;
  /** undefined: the server has no such port open. */
  endpoint(open: Open): Endpoint | undefined;
  run(scene: Scene, endpoint: Endpoint): Promise<{ readonly outcome: Attempt["outcome"]; readonly answer: string }>;
}

type Outcome = Awaited<ReturnType<Trial["run"]>>;

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
const unbase64 = (text: string): string => Buffer.from(text, "base64").toString("utf8");
const saslNs = "urn:ietf:params:xml:ns:xmpp-sasl";
const noAnswer: Outcome = { outcome: "failed", answer: "no answer" };
const saslAnswer = /<(success|failure|challenge)[\s/>]|<\/stream:error>|<\/stream:stream>/;

/** Turns what was heard into an outcome. Silence and unreachable ports are failures of ours, never refusals. */
function judged(heard: Heard, accepted: RegExp): Outcome {
  if (heard.ending === "unreachable") return { outcome: "failed", answer: "port not reachable" };
  if (accepted.test(heard.text)) return { outcome: "accepted", answer: heard.text };
  if (heard.text !== "" && heard.ending !== "silent")
    return { outcome: "refused", answer: `${heard.text} [${heard.ending}]` };
  return { ...noAnswer, answer: `${heard.text} [${heard.ending}]` };
}

/** The server's opening of an unencrypted stream, or why there is none. */
async function openPlain(
  endpoint: Endpoint,
  header: string,
): Promise<{ readonly stream: RawStream; readonly features: Heard }> {
  const stream = RawStream.connect(endpoint);
  stream.write(header);
  return { stream, features: await stream.hear(featuresEnd) };
}

const stanzaAnswer = /<\/stream:stream>|<\/stream:error>|<\/message>|<\/iq>/;

/**
 * Sends a stanza. If nothing comes, closing our side makes the server answer after everything before it (RFC 6120, 4.4), so a
 * server that ignores is told from one that is dead. Not at once: the system could throw the answer away.
 */
async function sendPlain(stream: RawStream, stanza: string, pattern = stanzaAnswer): Promise<Heard> {
  stream.forget();
  stream.write(stanza);
  const heard = await stream.hear(pattern, 2_000);
  if (heard.ending !== "silent") return heard;
  stream.write("</stream:stream>");
  return stream.hear(/<\/stream:stream>/);
}

/** A server that ended an open stream without a word has refused, if it still opens new ones. */
async function judgedOnStream(heard: Heard, accepted: RegExp, endpoint: Endpoint, header: string): Promise<Outcome> {
  if (heard.text !== "" || heard.ending !== "closed") return judged(heard, accepted);
  const { stream, features } = await openPlain(endpoint, header);
  stream.close();
  return features.text === "" ? noAnswer : { outcome: "refused", answer: "closed without a word" };
}

const usable = ({ ending, text }: Heard): boolean => ending === "matched" && !text.includes("<stream:error");

async function trySasl(
  endpoint: Endpoint,
  domain: string,
  talk: (stream: RawStream) => Promise<Heard>,
): Promise<Outcome> {
  const { stream, features } = await openPlain(endpoint, c2sHeader(domain));
  try {
    if (!usable(features)) return judged(features, /$^/);
    stream.forget();
    return await judgedOnStream(await talk(stream), /<success[\s/>]/, endpoint, c2sHeader(domain));
  } finally {
    stream.close();
  }
}

function plain({ server, person }: Scene, endpoint: Endpoint): Promise<Outcome> {
  return trySasl(endpoint, server.domain, (stream) => {
    stream.write(`<auth xmlns='${saslNs}' mechanism='PLAIN'>${base64(`\0${person.name}\0${person.password}`)}</auth>`);
    return stream.hear(saslAnswer);
  });
}

const withScram =
  (mechanism: string, hash: ScramHash) =>
  ({ server, person }: Scene, endpoint: Endpoint): Promise<Outcome> =>
    trySasl(endpoint, server.domain, async (stream) => {
      const exchange = scram(hash, person, { header: "n,," });
      stream.write(`<auth xmlns='${saslNs}' mechanism='${mechanism}'>${base64(exchange.first)}</auth>`);
      const heard = await stream.hear(saslAnswer);
      const challenge = /<challenge[^<>]*>([^<]*)</.exec(heard.text)?.[1];
      if (challenge === undefined) return heard;
      stream.forget();
      stream.write(`<response xmlns='${saslNs}'>${base64(await exchange.answer(unbase64(challenge)))}</response>`);
      return stream.hear(saslAnswer);
    });

/** XEP-0388 before TLS. */
function sasl2({ server, person }: Scene, endpoint: Endpoint): Promise<Outcome> {
  const initial = base64(`\0${person.name}\0${person.password}`);
  const request = `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>${initial}</initial-response></authenticate>`;
  return trySasl(endpoint, server.domain, (stream) => sendPlain(stream, request, saslAnswer));
}

/** XEP-0078, obsolete: user name and password in an iq. */
async function legacyAuth({ server, person }: Scene, endpoint: Endpoint): Promise<Outcome> {
  const { stream, features } = await openPlain(endpoint, c2sHeader(server.domain));
  try {
    if (!usable(features)) return judged(features, /$^/);
    const query = `<username>${person.name}</username><password>${person.password}</password><resource>plain</resource>`;
    const heard = await sendPlain(
      stream,
      `<iq type='set' id='legacy'><query xmlns='jabber:iq:auth'>${query}</query></iq>`,
    );
    return await judgedOnStream(heard, /<iq[^<>]*type=['"]result['"]/, endpoint, c2sHeader(server.domain));
  } finally {
    stream.close();
  }
}

const message = (scene: Scene, text: string, from: string): string =>
  `<message from='${from}' to='${scene.peer.address}' type='chat'><body>${text}</body></message>`;

/** Sends a message before TLS and looks whether the peer got it: that alone is a delivery. */
async function deliver(
  scene: Scene,
  endpoint: Endpoint,
  header: string,
  before: string,
  from: string,
): Promise<Outcome> {
  const { stream, features } = await openPlain(endpoint, header);
  try {
    if (features.ending === "unreachable" || features.text === "") return judged(features, /$^/);
    const text = `plain-${crypto.randomUUID()}`;
    const heard = usable(features) ? await sendPlain(stream, `${before}${message(scene, text, from)}`) : features;
    if (await scene.delivered(text)) return { outcome: "accepted", answer: heard.text };
    return heard.ending === "silent"
      ? { ...noAnswer, answer: heard.text }
      : { outcome: "refused", answer: `${heard.text} [${heard.ending}]` };
  } finally {
    stream.close();
  }
}

/** Speaks http without TLS to the https port, or http to a port that is meant for it. */
async function overHttp(scene: Scene, endpoint: Endpoint, request: string, accepted: RegExp): Promise<Outcome> {
  const stream = RawStream.connect(endpoint);
  try {
    stream.write(request);
    const heard = await stream.hear(/\r\n\r\n[\s\S]+|<\/body>/);
    if (heard.text !== "" || heard.ending === "silent") return judged(heard, accepted);
    if (await isAlive(scene.server))
      return { outcome: "refused", answer: `${heard.ending} without an answer by a server that lives` };
    return judged(heard, accepted);
  } finally {
    stream.close();
  }
}

const boshRequest = (server: RunningServer, path: string): string => {
  const body = `<body xmlns='http://jabber.org/protocol/httpbind' to='${server.domain}' rid='1000' wait='1' hold='1' ver='1.6' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'/>`;
  return `POST ${path} HTTP/1.1\r\nHost: ${server.domain}\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
};

const websocketRequest = (server: RunningServer, path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${server.domain}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${base64("0123456789abcdef")}\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n`;

const connack = 0x20;

/** MQTT 3.1.1 (OASIS, 3.1 and 3.2): a CONNECT with name and password; the fourth byte of the answer is the verdict. */
async function overMqtt({ person }: Scene, endpoint: Endpoint): Promise<Outcome> {
  const stream = RawStream.connect(endpoint);
  try {
    stream.write(mqttConnect(person.address, person.password));
    // Four bytes: type, length, flags, return code.
    const heard = await stream.hear(/^[\s\S]{4}/);
    if (heard.ending !== "matched" || heard.text.charCodeAt(0) !== connack) return judged(heard, /$^/);
    const code = heard.text.charCodeAt(3);
    return { outcome: code === 0 ? "accepted" : "refused", answer: `CONNACK with return code ${code}` };
  } finally {
    stream.close();
  }
}

/** Protocol level 4; clean session, user name and password; 60 s keep alive. */
export function mqttConnect(user: string, password: string): Uint8Array {
  const field = (text: string): Buffer => {
    const bytes = Buffer.from(text, "utf8");
    return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
  };
  const variable = [field("MQTT"), Buffer.of(4, 0b1100_0010, 0, 60)];
  const body = Buffer.concat([...variable, field("bench"), field(user), field(password)]);
  // Seven bits a byte, lowest first (2.2.3); 14 bits are plenty here.
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.of(0x10, ...length), body]);
}

/** A plain stream on the port for direct TLS: its handshake must not be optional. */
async function plainOnDirectTls(scene: Scene, endpoint: Endpoint): Promise<Outcome> {
  const stream = RawStream.connect(endpoint);
  try {
    stream.write(c2sHeader(scene.server.domain));
    const heard = await stream.hear(/<stream:features|<\/stream:error>/);
    if (heard.text === "" && heard.ending === "closed" && (await speaksTls(scene.server, endpoint))) {
      return { outcome: "refused", answer: "closed without an answer by a port that speaks TLS" };
    }
    return judged(heard, /<mechanism>/);
  } finally {
    stream.close();
  }
}

const at =
  (kind: Endpoint["kind"]) =>
  (open: Open): Endpoint | undefined =>
    open(kind);
const httpPort = (open: Open): Endpoint | undefined => open("xmpp-http-plain") ?? open("xmpp-https");

/**
 * Docker's forwarder accepts for every published port and hangs up where nobody listens: such a port is not tried, and its
 * silence is no refusal. Port 0: declared, but not reachable from here.
 */
export const openEndpoints =
  (endpoints: readonly Endpoint[], listeners: readonly Listener[] | undefined): Open =>
  (kind) =>
    endpoints.find(
      (endpoint) =>
        endpoint.kind === kind &&
        endpoint.port !== 0 &&
        (listeners?.some(({ port }) => port === endpoint.labPort) ?? true),
    );

const partner = "partner.pruefstand.test";
const bind = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";

const trials: readonly Trial[] = [
  { kind: "authenticate", what: "SASL PLAIN before TLS", endpoint: at("xmpp-client"), run: plain },
  {
    kind: "authenticate",
    what: "SCRAM-SHA-1 before TLS",
    endpoint: at("xmpp-client"),
    run: withScram("SCRAM-SHA-1", "sha1"),
  },
  {
    kind: "authenticate",
    what: "SCRAM-SHA-256 before TLS",
    endpoint: at("xmpp-client"),
    run: withScram("SCRAM-SHA-256", "sha256"),
  },
  { kind: "authenticate", what: "SASL2 PLAIN before TLS (XEP-0388)", endpoint: at("xmpp-client"), run: sasl2 },
  {
    kind: "authenticate",
    what: "password in an iq before TLS (XEP-0078)",
    endpoint: at("xmpp-client"),
    run: legacyAuth,
  },
  {
    kind: "deliver",
    what: "message before TLS and login",
    endpoint: at("xmpp-client"),
    run: (scene, endpoint) => deliver(scene, endpoint, c2sHeader(scene.server.domain), "", scene.person.address),
  },
  {
    kind: "deliver",
    what: "resource bound before login, then a message, without TLS",
    endpoint: at("xmpp-client"),
    run: (scene, endpoint) => deliver(scene, endpoint, c2sHeader(scene.server.domain), bind, scene.person.address),
  },
  {
    kind: "deliver",
    what: "message from a partner server before TLS",
    endpoint: at("xmpp-server"),
    run: (scene, endpoint) => deliver(scene, endpoint, s2sHeader(partner, scene.server.domain), "", `eve@${partner}`),
  },
  {
    kind: "authenticate",
    what: "unencrypted stream on the direct TLS port",
    endpoint: at("xmpp-client-tls"),
    run: plainOnDirectTls,
  },
  {
    kind: "authenticate",
    what: "BOSH session over http",
    endpoint: httpPort,
    run: (scene, endpoint) =>
      overHttp(
        scene,
        endpoint,
        boshRequest(scene.server, scene.server.endpoint("xmpp-bosh")?.path ?? "/http-bind"),
        /<mechanism>/,
      ),
  },
  {
    kind: "authenticate",
    what: "WebSocket over http",
    endpoint: httpPort,
    run: (scene, endpoint) =>
      overHttp(
        scene,
        endpoint,
        websocketRequest(scene.server, scene.server.endpoint("xmpp-websocket")?.path ?? "/xmpp-websocket"),
        /^HTTP\/1\.1 101/,
      ),
  },
  { kind: "authenticate", what: "MQTT login without TLS", endpoint: at("mqtt-plain"), run: overMqtt },
];

/** Mechanisms in the features before TLS. */
async function saslBeforeTls(server: RunningServer, open: Open): Promise<readonly string[]> {
  const endpoint = open("xmpp-client");
  if (endpoint === undefined) return [];
  const { stream, features } = await openPlain(endpoint, c2sHeader(server.domain));
  stream.close();
  return [...features.text.matchAll(/<mechanism>([^<]{1,100})</g)].map((match) => match[1] ?? "");
}

/** A server that means TLS offers or takes no dialback on an unencrypted stream (XEP-0220). */
async function dialbackBeforeTls(server: RunningServer, open: Open): Promise<boolean | undefined> {
  const endpoint = open("xmpp-server");
  if (endpoint === undefined) return undefined;
  const { stream, features } = await openPlain(endpoint, s2sHeader(partner, server.domain));
  try {
    if (features.text === "")
      throw new HarnessError("lab-fault", `expected ${server.domain} to answer on 5269, got nothing`);
    if (!usable(features)) return false;
    stream.forget();
    stream.write(`<db:result from='${partner}' to='${server.domain}'>${"ab".repeat(16)}</db:result>`);
    // Any dialback answer, valid or not, shows that the key was taken without TLS; an error element refuses the step itself.
    const { text } = await stream.hear(/<db:result|<\/stream:stream>|<\/stream:error>/);
    return /<db:result[^<>]*type=['"](?:valid|invalid)['"]/.test(text);
  } finally {
    stream.close();
  }
}

async function httpContent({ domain }: RunningServer, open: Open): Promise<number> {
  const endpoint = open("xmpp-http-plain");
  if (endpoint === undefined) return 0;
  const stream = RawStream.connect(endpoint);
  stream.write(`GET / HTTP/1.1\r\nHost: ${domain}\r\nConnection: close\r\n\r\n`);
  const { text } = await stream.hear(/\r\n\r\n/);
  stream.close();
  return /^HTTP\/1\.[01] 2\d\d/.test(text) ? 1 : 0;
}

/** `count` attempts, the trials of this server's ports in turn. */
export async function plaintext(
  server: RunningServer,
  person: Person,
  peer: Person,
  count: number,
): Promise<PlaintextFacts> {
  const watcher = await openStream({ ...peer, server });
  const seen = new Set<string>();
  watcher.onStanza((stanza) => seen.add(String(stanza.getChildText("body"))));
  try {
    await watcher.sendAcknowledged(xml("presence").toString());
    const scene: Scene = {
      server,
      person,
      peer,
      async delivered(text) {
        await watcher.ping();
        return seen.has(text);
      },
    };
    const listeners = await server.listeners?.();
    const open = openEndpoints(server.endpoints, listeners);
    const usableTrials = trials.filter((trial) => trial.endpoint(open) !== undefined);
    const attempts: PlainAttempt[] = [];
    for (let index = 0; usableTrials.length > 0 && index < count; index += 1) {
      const trial = usableTrials[index % usableTrials.length];
      const endpoint = trial?.endpoint(open);
      if (trial === undefined || endpoint === undefined) continue;
      const startedAt = performance.now();
      const { outcome, answer } = await trial.run(scene, endpoint);
      attempts.push({ kind: trial.kind, ...attempt(trial.what, outcome, answer, startedAt) });
    }
    return {
      attempts,
      saslBeforeTls: await saslBeforeTls(server, open),
      dialbackBeforeTls: await dialbackBeforeTls(server, open),
      httpContentResponses: await httpContent(server, open),
      portsExposed: exposedPorts(server.endpoints, listeners, ({ kind }) => kind !== "mqtt-plain"),
    };
  } finally {
    await watcher.close();
  }
}
