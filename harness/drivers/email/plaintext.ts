import type { Attempt, PlaintextFacts } from "../../model/probes.ts";
import type { Endpoint, EndpointKind, Person, RunningServer } from "../../model/server.ts";
import { exposedPorts } from "../exposed-ports.ts";
import { LineConnection } from "./lines.ts";

// Everything a client or a server could do on the mail ports before TLS (RFC 8314 3, RFC 3207; Mindeststandard TLS KONF.14.1.1).
// Name and password are right, so only the missing TLS can be the reason for a no.

type Kind = PlaintextFacts["attempts"][number]["kind"];
type Result = Pick<Attempt, "outcome" | "answer">;

interface Scene {
  readonly person: Person;
  readonly peer: Person;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
/** The last line of an answer in SMTP (RFC 5321 4.2.1). */
const last = (line: string): boolean => /^\d{3}(?: |$)/u.test(line);
const outcomeOf = (answer: string, accepted: boolean): Result => ({
  outcome: accepted ? "accepted" : "refused",
  answer: answer.slice(0, 2_000),
});

async function greeted(endpoint: Endpoint): Promise<LineConnection> {
  const connection = await LineConnection.plain(endpoint);
  await connection.next("the greeting of the SMTP server", last);
  return connection;
}

async function ask(connection: LineConnection, line: string): Promise<string> {
  connection.send(line);
  return connection.next(`an answer to ${line.split(" ")[0]}`, last);
}

async function imapLogin(endpoint: Endpoint, { person }: Scene): Promise<Result> {
  await using connection = await LineConnection.plain(endpoint);
  await connection.next("the greeting of the IMAP server", (line) => line.startsWith("* OK"));
  connection.send(`a LOGIN "${person.address}" "${person.password}"`);
  const answer = await connection.next(
    "an answer to LOGIN",
    (line) => line.startsWith("a ") || line.startsWith("* BYE"),
  );
  return outcomeOf(answer, answer.startsWith("a OK"));
}

async function smtpLogin(endpoint: Endpoint, { person }: Scene): Promise<Result> {
  await using connection = await greeted(endpoint);
  await ask(connection, "EHLO bench.invalid");
  const answer = await ask(connection, `AUTH PLAIN ${base64(`\0${person.address}\0${person.password}`)}`);
  return outcomeOf(answer, answer.startsWith("235"));
}

/** As another server would hand a mail over. */
async function smtpDelivery(endpoint: Endpoint, { person, peer }: Scene): Promise<Result> {
  await using connection = await greeted(endpoint);
  await ask(connection, "EHLO bench.invalid");
  const lines = [`MAIL FROM:<${person.address}>`, `RCPT TO:<${peer.address}>`, "DATA"];
  for (const line of lines) {
    const answer = await ask(connection, line);
    if (!/^[23]/u.test(answer)) return outcomeOf(answer, false);
  }
  const head = [
    `From: <${person.address}>`,
    `To: <${peer.address}>`,
    `Message-ID: <${crypto.randomUUID()}@bench.invalid>`,
  ];
  for (const line of [...head, "Subject: plain", "", "plain"]) connection.send(line);
  const answer = await ask(connection, ".");
  return outcomeOf(answer, answer.startsWith("250"));
}

interface Trial {
  readonly on: EndpointKind;
  readonly kind: Kind;
  readonly what: string;
  run(endpoint: Endpoint, scene: Scene): Promise<Result>;
}

const trials: readonly Trial[] = [
  { on: "smtp-server", kind: "deliver", what: "mail of another server", run: smtpDelivery },
  { on: "smtp-server", kind: "authenticate", what: "SMTP AUTH", run: smtpLogin },
  { on: "imap", kind: "authenticate", what: "IMAP LOGIN", run: imapLogin },
  { on: "smtp-submission", kind: "authenticate", what: "SMTP AUTH", run: smtpLogin },
  { on: "smtp-submission", kind: "deliver", what: "mail of another server", run: smtpDelivery },
];

async function attempt(trial: Trial, endpoint: Endpoint, scene: Scene): Promise<PlaintextFacts["attempts"][number]> {
  const startedAt = performance.now();
  const what = `${trial.what} without TLS on port ${endpoint.labPort}`;
  const result = await trial
    .run(endpoint, scene)
    .catch((error: Error): Result => ({ outcome: "failed", answer: error.message.slice(0, 2_000) }));
  return { kind: trial.kind, what, ...result, tookMs: performance.now() - startedAt };
}

/** Mechanisms that a port offers before TLS. */
async function mechanismsOf({ on }: Trial, endpoint: Endpoint): Promise<readonly string[]> {
  const heard: string[] = [];
  if (on === "imap") {
    await using connection = await LineConnection.plain(endpoint);
    await connection.next("the greeting of the IMAP server", (line) => line.startsWith("* OK"));
    connection.send("a CAPABILITY");
    await connection.next("the capabilities", (line) => heard.push(line) > 0 && line.startsWith("a "));
    return heard.flatMap((line) => [...line.matchAll(/\bAUTH=(\S+)/gu)].map((match) => match[1] ?? ""));
  }
  await using connection = await greeted(endpoint);
  connection.send("EHLO bench.invalid");
  await connection.next("an answer to EHLO", (line) => heard.push(line) > 0 && last(line));
  return heard.flatMap((line) => /^250[- ]AUTH[ =](.*)$/u.exec(line)?.[1]?.split(" ") ?? []);
}

/** `count` attempts, the trials of the open ports in turn. */
export async function plaintext(
  server: RunningServer,
  person: Person,
  peer: Person,
  count: number,
): Promise<PlaintextFacts> {
  const listeners = await server.listeners?.();
  const open = trials.flatMap((trial) => {
    const endpoint = server.endpoint(trial.on);
    const isOpen = listeners?.some(({ port }) => port === endpoint?.labPort) ?? true;
    return endpoint !== undefined && endpoint.port !== 0 && isOpen ? [{ trial, endpoint }] : [];
  });
  const attempts: PlaintextFacts["attempts"][number][] = [];
  for (let index = 0; index < count && open.length > 0; index += 1) {
    const { trial, endpoint } = open[index % open.length] as (typeof open)[number];
    attempts.push(await attempt(trial, endpoint, { person, peer }));
  }
  const onePerPort = open.filter(({ trial }, index) => open.findIndex((one) => one.trial.on === trial.on) === index);
  const offers = await Promise.all(onePerPort.map(({ trial, endpoint }) => mechanismsOf(trial, endpoint)));
  return {
    attempts,
    saslBeforeTls: [...new Set(offers.flat())],
    dialbackBeforeTls: undefined,
    httpContentResponses: 0,
    portsExposed: exposedPorts(server.endpoints, listeners),
  };
}
