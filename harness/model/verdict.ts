import type { Localized } from "./text.ts";

/** The only words a verdict may use (design, section 2.1). */
export const verdictWords = ["met", "partly", "not-met", "not-tested", "not-applicable", "inconclusive"] as const;
export type VerdictWord = (typeof verdictWords)[number];

export const verdictTitles: Readonly<Record<VerdictWord, Localized>> = {
  met: { de: "erfüllt", en: "met" },
  partly: { de: "teilweise", en: "partly" },
  "not-met": { de: "nicht erfüllt", en: "not met" },
  "not-tested": { de: "nicht geprüft", en: "not tested" },
  "not-applicable": { de: "nicht anwendbar", en: "not applicable" },
  inconclusive: { de: "unklar", en: "inconclusive" },
};

/** E4 measured by the harness … E0 nothing (catalogue, section 0). */
export const grades = ["E0", "E1", "E2", "E3", "E4"] as const;
export type Grade = (typeof grades)[number];

/** Why a verdict is what it is: a closed list, so that two different causes never look alike. */
export const reasonCodes = [
  "threshold-held", // met
  "threshold-missed", // not-met, partly
  "missing-ability", // not-met: the criterion asks for something the candidate does not claim
  "no-scenario", // not-tested: nothing measures this yet
  "not-in-plan", // not-tested: the plan of this run left it out
  "no-driver", // not-tested: the bench cannot drive this product for this yet
  "no-permission", // not-tested: remote target without a written permission
  "no-document", // not-tested: attested row without a document
  "document-too-weak", // not-tested: the row demands a better grade, or more values than the documents give
  "document-expired", // not-tested: what was attested is no longer valid on the day of the run
  "documents-contradict", // not-tested: valid documents give different values
  "total-differs", // not-tested: a count with another total than the row demands
  "control-failed", // not-tested: a control of the scenario or a `valid` condition of the row failed (catalogue 2b, decision d)
  "harness-fault", // inconclusive
  "environment", // inconclusive: lab broken
  "deadline", // inconclusive: our own time-out
  "interrupted", // inconclusive if it had started, not-tested if it had not
  "invalid-run", // inconclusive: a validity gate of the measuring instrument (`gate.*`, load.md 2.3) failed
  "nothing-observed", // inconclusive: the scenario ended without the measurement
  "censored", // inconclusive: not seen inside a window shorter than the threshold
  "needs-person", // inconclusive: waits for a person's look
  "stated-need", // not-applicable: the stated need drops the function
] as const;
export type ReasonCode = (typeof reasonCodes)[number];
