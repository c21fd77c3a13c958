import { HarnessError, hasCode } from "../../../model/errors.ts";
import type { LoginAttempt } from "../../../model/probes.ts";
import type { RunningServer } from "../../../model/server.ts";
import { attempt } from "../raw-stream.ts";
import { isAlive, openStream } from "../targets.ts";

/** SASL conditions that speak about the guessing, not about this password (RFC 6120, 6.5; RFC 6120, 4.9.3). */
const blockConditions = new Set(["policy-violation", "temporary-auth-failure", "resource-constraint"]);
const blockWords = /too many|temporarily|blocked|banned|rate limit/i;

/**
 * One login over TLS. The time is what the server took to answer the elements of the login: connecting, TLS and our own hashing
 * (which only happens if the server asks for it) are not part of it. The answer says how far the server went, because a
 * challenge for some names only tells which names exist (RFC 5802, 7).
 */
export async function login(server: RunningServer, name: string, password: string): Promise<LoginAttempt> {
  const startedAt = performance.now();
  const what = `login of ${name}`;
  const waits: number[] = [];
  const recorded = (outcome: LoginAttempt["outcome"], words: string): ReturnType<typeof attempt> => {
    const made = attempt(
      what,
      outcome,
      `${words}${waits.length === 0 ? "" : ` [${progress(waits.length)}]`}`,
      startedAt,
    );
    return waits.length === 0 ? made : { ...made, tookMs: waits.reduce((sum, wait) => sum + wait, 0) };
  };
  try {
    const stream = await openStream({ name, password, server }, { onExchange: (wait) => waits.push(wait) });
    const accepted = recorded("accepted", "logged in");
    await stream.close();
    return { ...accepted, blocked: false, condition: "success" };
  } catch (error) {
    return describe(server, error, recorded);
  }
}

const progress = (answers: number): string => (answers === 1 ? "answered at once" : "answered after a challenge");

async function describe(
  server: RunningServer,
  error: unknown,
  record: (outcome: LoginAttempt["outcome"], answer: string) => ReturnType<typeof attempt>,
): Promise<LoginAttempt> {
  const words = error instanceof Error ? error.message : String(error);
  const context = error instanceof HarnessError ? error.context : {};
  if (hasCode(error, "refused")) {
    const condition = typeof context["condition"] === "string" ? context["condition"] : "unknown";
    // A stream error instead of a SASL failure ends the connection whatever the password is.
    const blocked =
      context["sasl"] !== true || blockConditions.has(condition) || blockWords.test(String(context["text"]));
    return { ...record("refused", words), blocked, condition };
  }
  const recorded = record("failed", words);
  // A connection that ends without a word counts as a block only while the rest of the server is alive.
  if (hasCode(error, "disconnected") && (await isAlive(server))) {
    return { ...recorded, outcome: "refused", blocked: true, condition: "connection-closed" };
  }
  return { ...recorded, blocked: false, condition: "no-answer" };
}
