import { HarnessError } from "../../../model/errors.ts";
import type { Attempt } from "../../../model/probes.ts";
import { refusalOf } from "../client-api.ts";
import type { Answer, Call, Connection } from "../connection.ts";

const answerLimit = 2000;
/** An answer that hands out a token goes into the evidence without it. */
const tokens = /("(?:access_token|refresh_token|login_token)"\s*:\s*")[^"]*"/g;

export const shown = (answer: Answer): string =>
  `${answer.status} ${answer.text}`.replace(tokens, '$1[left out]"').slice(0, answerLimit);

/** 2xx = accepted; 3xx and 4xx = the server said no; 5xx = it did not decide. */
export function outcomeOf(status: number): Attempt["outcome"] {
  if (status >= 500) return "failed";
  return status >= 200 && status < 300 ? "accepted" : "refused";
}

/** One request, whatever it brings, with the time it took. */
export async function attempt(
  what: string,
  send: () => Promise<Answer>,
): Promise<Attempt & { readonly status: number }> {
  const start = performance.now();
  try {
    const answer = await send();
    const tookMs = performance.now() - start;
    return { what, outcome: outcomeOf(answer.status), answer: shown(answer), tookMs, status: answer.status };
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return { what, outcome: "failed", answer: error.message, tookMs: performance.now() - start, status: 0 };
  }
}

/** The same without the status, for a call over TLS. */
export async function attemptCall(connection: Connection, call: Call, what?: string): Promise<Attempt> {
  const name = what ?? `${call.method ?? "GET"} ${call.path}`;
  const { status: _, ...facts } = await attempt(name, () => connection.send(call));
  return facts;
}

/** "403 M_FORBIDDEN" */
export function conditionOf(answer: Answer): string {
  return `${answer.status} ${refusalOf(answer).errcode}`.trim();
}
