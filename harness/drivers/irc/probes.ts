import { hasCode, HarnessError } from "../../model/errors.ts";
import type { LoginAttempt, Probes } from "../../model/probes.ts";
import type { RunningServer } from "../../model/server.ts";
import { logIn } from "./login.ts";

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
    return { ...facts(), outcome: "refused", answer, blocked, condition: String(error.context["condition"] ?? "") };
  }
}

/** What the bench cannot ask of an IRC server yet: its rows stay not-tested, never met. */
const notYet = (what: string) => (): Promise<never> =>
  Promise.reject(new HarnessError("unsupported", `the IRC driver has no probe for ${what} yet`));

export const probes: Probes = {
  login,
  plaintext: notYet("plain text"),
  adminAsOrdinary: notYet("administration"),
  selfRegistration: notYet("sign-up"),
  unauthenticatedReads: notYet("reading without login"),
  readAsStranger: notYet("files"),
  plantProfile: notYet("profiles"),
  clientStart: notYet("the start of a client"),
  fillConversations: notYet("filling an account"),
  readAfterDisabling: notYet("reading after disabling"),
};
