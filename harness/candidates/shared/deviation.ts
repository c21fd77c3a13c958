import type { Deviation } from "../../model/candidate.ts";

type Explain = (setting: string, from: string, to: string, de: string, en: string) => Deviation;

const explained =
  (kind: Deviation["kind"]): Explain =>
  (setting, from, to, de, en) => ({ setting, from, to, why: { de, en }, kind });

/** A setting the lab needs to start the product at all. */
export const labNeed = explained("lab");
/** A setting of a careful operator. */
export const hardening = explained("hardening");
