import { HarnessError, hasCode } from "../../../model/errors.ts";
import type { LoginAttempt } from "../../../model/probes.ts";
import type { RunningServer } from "../../../model/server.ts";
import { attempt } from "../raw-stream.ts";
import { isAlive, openStream } from "../targets.ts";

/** SASL conditions that speak about the guessing, not about this password (RFC 6120, 6.5; RFC 6120, 4.9.3). */
const blockConditions = new Set(["policy-violation", "temporary-auth-failure", "resource-constraint"]);
const blockWords = /too many|temporarily|blocked|banned|rate limit/i;

/** One login over TLS. The time is that of the login alone: connecting and TLS are not part of it. */
export async function login(server: RunningServer, name: string, password: string): Promise<LoginAttempt> {
  let startedAt = performance.now();
  const what = `login of ${name}`;
  const onLogin = (): void => {
    startedAt = performance.now();
  };
  try {
    const stream = await openStream({ name, password, server }, { onLogin });
    const accepted = attempt(what, "accepted", "logged in", startedAt);
    await stream.close();
    return { ...accepted, blocked: false, condition: "success" };
  } catch (error) {
    return describe(server, error, (outcome, answer) => attempt(what, outcome, answer, startedAt));
  }
}

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
