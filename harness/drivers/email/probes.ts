import { hasCode } from "../../model/errors.ts";
import type { Attempt, LoginAttempt, Probes } from "../../model/probes.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import { noProbe } from "../not-yet.ts";
import { imapLogin } from "./imap.ts";
import { plaintext } from "./plaintext.ts";

const addressOf = ({ domain }: RunningServer, name: string): string =>
  name.includes("@") ? name : `${name}@${domain}`;

async function login(server: RunningServer, name: string, password: string): Promise<LoginAttempt> {
  const startedAt = performance.now();
  const facts = (): { readonly what: string; readonly tookMs: number } => ({
    what: `login of ${name}`,
    tookMs: performance.now() - startedAt,
  });
  try {
    const answer = await imapLogin(server, addressOf(server, name), password);
    return { ...facts(), outcome: "accepted", answer, blocked: false, condition: "OK" };
  } catch (error) {
    const answer = (error as Error).message.slice(0, 2_000);
    if (!hasCode(error, "refused")) {
      return { ...facts(), outcome: "failed", answer, blocked: false, condition: "no-answer" };
    }
    const { condition } = error.context;
    return { ...facts(), outcome: "refused", answer, blocked: false, condition: String(condition) };
  }
}

/** What the bench cannot ask of a mail server yet: its rows stay not-tested, never met. */
const lacks = (what: string): ReturnType<typeof noProbe> => noProbe("e-mail", what);

/** Mail has no command for a sign-up; a chatmail relay makes the account at the first login, whoever comes (getting started). */
async function selfRegistration(server: RunningServer, name: string, password: string): Promise<Attempt> {
  const { outcome, answer, tookMs } = await login(server, name, password);
  return { what: `first login of ${name}`, outcome, answer, tookMs };
}

/** A second login is what is left: IMAP has no tokens, and a session that goes on is seen by its end. */
async function readAfterDisabling(server: RunningServer, { name, password }: Person): Promise<readonly Attempt[]> {
  return [await login(server, name, password)];
}

/** Nothing to plant: an account is an address and a password; names and pictures travel inside of the mails. */
const plantProfile = (): Promise<Readonly<Record<string, string>>> => Promise.resolve({});

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
