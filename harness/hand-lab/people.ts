import { randomInt } from "node:crypto";
import type { Protocol } from "../model/candidate.ts";
import type { Authority } from "./plan.ts";

export interface DemoPerson {
  readonly name: string;
  readonly password: string;
  /** As others write to this person. */
  readonly address: string;
}

const names: Readonly<Record<Authority["id"], readonly string[]>> = { a: ["anna", "anton"], b: ["bernd", "berta"] };

const addresses: Partial<Record<Protocol, (name: string, domain: string) => string>> = {
  matrix: (name, domain) => `@${name}:${domain}`,
};

/** Easy to type from the start page; the lab is reachable from this machine only. No letter is taken for another one. */
const letters = "abcdefghkmnpqrstuvwxyz23456789";
const password = (): string => Array.from({ length: 12 }, () => letters[randomInt(letters.length)]).join("");

/** Two people of an authority, with fresh passwords. */
export function demoPeople({ id, domain, family }: Authority): readonly DemoPerson[] {
  const addressOf = addresses[family.protocol] ?? ((name, host) => `${name}@${host}`);
  return names[id].map((name) => ({ name, password: password(), address: addressOf(name, domain) }));
}
