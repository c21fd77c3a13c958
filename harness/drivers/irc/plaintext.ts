import { connect } from "node:net";
import type { Attempt, PlaintextFacts } from "../../model/probes.ts";
import type { Endpoint, Listener, Person, RunningServer } from "../../model/server.ts";
import { exposedPorts } from "../exposed-ports.ts";
import { IrcConnection } from "./connection.ts";
import { logIn } from "./login.ts";

// Everything a client could do without TLS: on the port for it, where a product opens that to other machines, and on the TLS port
// (RFC 7194; Mindeststandard TLS KONF.14.1.1). Name and password are right, so only the missing TLS can be the reason for a no.

type Kind = PlaintextFacts["attempts"][number]["kind"];
type Result = Pick<Attempt, "outcome" | "answer">;

/** How a plain connection went on: the text until `pattern` matched, or until the server or the time ended it. */
interface Heard {
  readonly ending: "matched" | "closed" | "silent" | "unreachable";
  readonly text: string;
}

const withinMs = 10_000;
const maxText = 64 * 1024;
const maxAnswer = 2_000;

/** Says `lines` without TLS and listens. */
function say({ host, port }: Endpoint, lines: readonly string[], pattern: RegExp): Promise<Heard> {
  const { promise, resolve } = Promise.withResolvers<Heard>();
  const socket = connect({ host, port });
  let text = "";
  let connected = false;
  const end = (ending: Heard["ending"]): void => resolve({ ending, text });
  socket.once("connect", () => {
    connected = true;
    socket.write(`${lines.join("\r\n")}\r\n`);
  });
  socket.on("data", (data: Buffer) => {
    text = (text + data.toString("latin1")).slice(0, maxText);
    if (pattern.test(text)) end("matched");
  });
  socket.once("error", () => end(connected ? "closed" : "unreachable"));
  socket.once("close", () => end("closed"));
  const timer = setTimeout(() => end("silent"), withinMs);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

/** What stands in an answer of IRC: lines of text. The alert of a TLS port is bytes. */
const speaksIrc = ({ text }: Heard): boolean => /^(?::|ERROR|CAP|AUTHENTICATE|NOTICE|PING)/mu.test(text);

interface Scene {
  readonly server: RunningServer;
  readonly person: Person;
  readonly peer: Person;
  /** True if the peer has got a message with this text; the server is asked first, so that all before it has been handled. */
  delivered(text: string): Promise<boolean>;
}

const nick = (person: Person): readonly string[] => [`NICK ${person.name}`, `USER ${person.name} 0 * ${person.name}`];
const sasl = ({ name, password }: Person): string => Buffer.from(`${name}\0${name}\0${password}`).toString("base64");

/** Silence and ports nobody answers on are faults of ours; a connection that a TLS port ends is its refusal. */
async function outcomeOf(heard: Heard, accepted: boolean, { server }: Scene): Promise<Result> {
  const answer = `${heard.text.slice(0, maxAnswer)} [${heard.ending}]`;
  if (accepted) return { outcome: "accepted", answer };
  if (heard.ending === "unreachable" || heard.ending === "silent") return { outcome: "failed", answer };
  if (speaksIrc(heard)) return { outcome: "refused", answer };
  // Bytes or nothing, then the end: a refusal only by a server that is there for those who come with TLS.
  await (await IrcConnection.open(server)).close();
  return { outcome: "refused", answer: `ended without a word of IRC by a port that speaks TLS [${heard.ending}]` };
}

async function withSasl(scene: Scene, endpoint: Endpoint): Promise<Result> {
  const lines = ["CAP REQ sasl", ...nick(scene.person), "AUTHENTICATE PLAIN", `AUTHENTICATE ${sasl(scene.person)}`];
  const heard = await say(endpoint, lines, / 90[2-8] | 42[15] |^ERROR|^FAIL/mu);
  return outcomeOf(heard, / 903 /u.test(heard.text), scene);
}

async function withPass(scene: Scene, endpoint: Endpoint): Promise<Result> {
  const lines = [`PASS ${scene.person.name}:${scene.person.password}`, ...nick(scene.person), "CAP END"];
  const heard = await say(endpoint, lines, / (?:900|001|43[236]|46[45]) |^ERROR|^FAIL/mu);
  return outcomeOf(heard, / 900 /u.test(heard.text), scene);
}

/** A message before any login. PONG, or a refusal to greet, comes after the server has dealt with it. */
async function message(scene: Scene, endpoint: Endpoint): Promise<Result> {
  const text = `plain-${crypto.randomUUID()}`;
  const guest = `guest-${crypto.randomUUID().slice(0, 8)}`;
  const lines = [`NICK ${guest}`, `USER ${guest} 0 * ${guest}`, `PRIVMSG ${scene.peer.name} :${text}`, "PING handled"];
  const heard = await say(endpoint, lines, / PONG [^\n]*handled|^ERROR|^FAIL| 451 /mu);
  return outcomeOf(heard, await scene.delivered(text), scene);
}

const trials: readonly {
  readonly kind: Kind;
  readonly what: string;
  run(scene: Scene, endpoint: Endpoint): Promise<Result>;
}[] = [
  { kind: "authenticate", what: "SASL PLAIN", run: withSasl },
  { kind: "deliver", what: "message of a guest", run: message },
  { kind: "authenticate", what: "PASS", run: withPass },
];

/** Docker's forwarder takes connections for every published port: only ports that are really open are tried. */
function channels(endpoints: readonly Endpoint[], listeners: readonly Listener[] | undefined): readonly Endpoint[] {
  const isOpen = ({ labPort, port }: Endpoint): boolean =>
    port !== 0 && (listeners?.some((one) => one.port === labPort) ?? true);
  return endpoints.filter(({ kind }) => kind === "irc-plain" || kind === "irc-tls").filter(isOpen);
}

async function mechanismsOf(endpoint: Endpoint): Promise<readonly string[]> {
  const { text } = await say(endpoint, ["CAP LS 302"], /^[^\n]* CAP [^\n]*\n/mu);
  return /\bsasl=(\S+)/u.exec(text)?.[1]?.split(",") ?? [];
}

/** `count` attempts, the trials of the open ports in turn. */
export async function plaintext(
  server: RunningServer,
  person: Person,
  peer: Person,
  count: number,
): Promise<PlaintextFacts> {
  const watcher = await logIn(server, peer.name, peer.password);
  try {
    const seen = new Set<string>();
    watcher.onLine(({ command, params }) => {
      if (command === "PRIVMSG") seen.add(params[1] ?? "");
    });
    const delivered = async (text: string): Promise<boolean> => {
      await watcher.ask("PING", ["handled"]);
      return seen.has(text);
    };
    const listeners = await server.listeners?.();
    const open = channels(server.endpoints, listeners);
    const tries = open.flatMap((endpoint) => trials.map((trial) => ({ ...trial, endpoint })));
    const attempts: PlaintextFacts["attempts"][number][] = [];
    for (let index = 0; index < count && tries.length > 0; index += 1) {
      const { kind, what, run, endpoint } = tries[index % tries.length] as (typeof tries)[number];
      const startedAt = performance.now();
      const result = await run({ server, person, peer, delivered }, endpoint);
      const where = `${what} without TLS on port ${endpoint.labPort}`;
      attempts.push({ kind, what: where, ...result, tookMs: performance.now() - startedAt });
    }
    const plain = open.find(({ kind }) => kind === "irc-plain");
    return {
      attempts,
      saslBeforeTls: plain === undefined ? [] : await mechanismsOf(plain),
      dialbackBeforeTls: undefined,
      httpContentResponses: 0,
      portsExposed: exposedPorts(server.endpoints, listeners, ({ kind }) => kind === "irc-tls"),
    };
  } finally {
    await watcher.close();
  }
}
