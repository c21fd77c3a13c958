import type { Localized } from "../model/text.ts";
import type { Permission, RemoteEndpoint } from "./descriptor.ts";

/** Functional: what any user does. Intrusive: load, guessing, malformed traffic, faults; only with a written permission. */
export type Reach = Permission["covers"][number];

/** Why something is not tried on a remote endpoint; code as in a verdict. */
export interface Refusal {
  readonly verdict: "not-tested";
  readonly code: "no-permission";
  readonly text: Localized;
}

const refusal = (de: string, en: string): Refusal => ({
  verdict: "not-tested",
  code: "no-permission",
  text: { de: `nicht geprüft: keine Erlaubnis (${de})`, en: `not-tested: no authorisation (${en})` },
});

/** Undefined when the descriptor allows it on this day. Functional use of the named accounts needs no further paper. */
export function refusalOf(
  { permission }: Pick<RemoteEndpoint, "permission">,
  reach: Reach,
  on: string,
): Refusal | undefined {
  if (reach === "functional") return undefined;
  if (permission === undefined) {
    return refusal(
      "die Beschreibung nennt keine schriftliche Erlaubnis",
      "the description names no written permission",
    );
  }
  if (!permission.covers.includes(reach)) {
    return refusal(`„${permission.document}“ umfasst das nicht`, `"${permission.document}" does not cover this`);
  }
  if (on < permission.date || permission.expires <= on) {
    const { date, expires } = permission;
    return refusal(
      `„${permission.document}“ gilt von ${date} bis vor ${expires}`,
      `"${permission.document}" is valid from ${date} until before ${expires}`,
    );
  }
  return undefined;
}
