import { hasCode, type HarnessError } from "../../model/errors.ts";
import type { Attempt, LoginAttempt, Probes } from "../../model/probes.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import type { Session } from "../../model/session.ts";
import { noProbe } from "../not-yet.ts";
import { IrcConnection } from "./connection.ts";
import { logIn } from "./login.ts";
import { plaintext } from "./plaintext.ts";

function conditionOf({ context }: HarnessError): string {
  const { condition } = context;
  return typeof condition === "string" ? condition : "";
}

async function login(server: RunningServer, name: string, password: string): Promise<LoginAttempt> {
  const startedAt = performance.now();
  const facts = (): { readonly what: string; readonly tookMs: number } => ({
    what: `login of ${name}`,
    tookMs: performance.now() - startedAt,
  });
  try {
    const connection = await logIn(server, name, password);
    const accepted = facts();
    await connection.close();
    return { ...accepted, outcome: "accepted", answer: "logged in", blocked: false, condition: "903" };
  } catch (error) {
    const answer = (error as Error).message.slice(0, 2_000);
    if (!hasCode(error, "refused")) {
      return { ...facts(), outcome: "failed", answer, blocked: false, condition: "no-answer" };
    }
    const blocked = /too many|throttl|try again later/iu.test(answer);
    return { ...facts(), outcome: "refused", answer, blocked, condition: conditionOf(error) };
  }
}

/** What the bench cannot ask of an IRC server yet: its rows stay not-tested, never met. */
const lacks = (what: string): ReturnType<typeof noProbe> => noProbe("IRC", what);

/** The name is not one (432) or somebody else has it (433, 436): our data, no closed registration. */
const ourData = ["432", "433", "436"];

/** As a guest: connects without an account and asks NickServ for one. */
async function selfRegistration(server: RunningServer, name: string, password: string): Promise<Attempt> {
  const startedAt = performance.now();
  const attempt = (outcome: Attempt["outcome"], answer: string): Attempt => ({
    what: `sign-up of ${name}`,
    outcome,
    answer: answer.slice(0, 2_000),
    tookMs: performance.now() - startedAt,
  });
  const connection = await IrcConnection.open(server);
  try {
    const welcomed = connection.next("a welcome or a refusal", ({ command }) =>
      /^(001|[45]\d\d|ERROR|FAIL)$/u.test(command),
    );
    connection.send("NICK", [name]);
    connection.send("USER", [name, "0", "*", name]);
    const welcome = await welcomed;
    if (welcome.command !== "001") {
      const outcome = ourData.includes(welcome.command) ? "failed" : "refused";
      return attempt(outcome, `${welcome.command} ${welcome.params.join(" ")}`);
    }
    const answered = connection.next(
      "an answer of NickServ",
      ({ command, from }) => command === "NOTICE" && from === "NickServ",
    );
    connection.send("PRIVMSG", ["NickServ", `REGISTER ${password}`]);
    const words = (await answered).params.at(-1) ?? "";
    const { outcome } = await login(server, name, password);
    if (outcome === "failed") return attempt("failed", words);
    return attempt(outcome, words);
  } catch (error) {
    return attempt(hasCode(error, "refused") ? "refused" : "failed", (error as Error).message);
  } finally {
    await connection.close();
  }
}

/** Nothing to plant: an account of an IRC server is a name and a password; what WHOIS shows lives and ends with the session. */
const plantProfile = (): Promise<Readonly<Record<string, string>>> => Promise.resolve({});

/** A session that still answers still gets what is written to it. */
async function goesOn(session: Session, number: number): Promise<Attempt> {
  const startedAt = performance.now();
  const attempt = (outcome: Attempt["outcome"], answer: string): Attempt => ({
    what: `session ${number} goes on reading`,
    outcome,
    answer: answer.slice(0, 2_000),
    tookMs: performance.now() - startedAt,
  });
  try {
    await session.ping();
    return attempt("accepted", "the server answers this session");
  } catch (error) {
    // That the server itself is still there, the scenario shows with another login.
    return attempt(hasCode(error, "refused", "disconnected") ? "refused" : "failed", (error as Error).message);
  }
}

/** Each old session, then the password. IRC has no tokens and no streams to resume. */
async function readAfterDisabling(
  server: RunningServer,
  { name, password }: Person,
  sessions: readonly Session[],
): Promise<readonly Attempt[]> {
  const old = await Promise.all(sessions.map((session, index) => goesOn(session, index + 1)));
  return [...old, await login(server, name, password)];
}

export const probes: Probes = {
  login,
  plaintext,
  adminAsOrdinary: lacks("administration"),
  selfRegistration,
  unauthenticatedReads: lacks("reading without login"),
  readAsStranger: lacks("files"),
  plantProfile,
  clientStart: lacks("the start of a client"),
  fillConversations: lacks("filling an account"),
  readAfterDisabling,
};
