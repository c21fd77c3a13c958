import { randomBytes } from "node:crypto";
import { HarnessError, hasCode } from "../model/errors.ts";
import type { Person } from "../model/server.ts";
import type { Driver, Session } from "../model/session.ts";
import type { RemoteEndpoint } from "./descriptor.ts";
import { refusalOf } from "./permission.ts";
import type { Reach } from "./permission.ts";
import type { OpenedRemote } from "./server.ts";

/** What one check of a remote endpoint gave. The words are those of a verdict; nothing here decides a criterion. */
export interface RemoteFinding {
  readonly id: string;
  readonly title: string;
  readonly reach: Reach;
  readonly outcome: "held" | "failed" | "not-tested" | "inconclusive";
  readonly reason: string;
}

interface Place {
  readonly remote: RemoteEndpoint;
  readonly opened: OpenedRemote;
  readonly driver: Driver;
}

interface Check {
  readonly id: string;
  readonly title: string;
  readonly reach: Reach;
  /** Returns what was seen. Throws `unsupported` where it cannot be tried, and an Unmet when the endpoint does otherwise. */
  run(place: Place): Promise<string>;
}

/** The endpoint answered, and not as expected. */
class Unmet extends Error {}

const deliveredWithinMs = 30_000;
const guesses = 20;

const first = ({ opened }: Place): Person => {
  const [person] = opened.people;
  if (person === undefined) throw new HarnessError("harness-fault", "A remote endpoint without an account was opened.");
  return person;
};

const open = ({ driver, opened }: Place, person: Person): Promise<Session> => driver.open(opened.server, person);

/** A refusal of a made-up password says something only about an account that gets in with its own. */
async function requireOwnPassword(place: Place): Promise<void> {
  try {
    await using session = await open(place, first(place));
    await session.ping();
  } catch (error) {
    if (!hasCode(error, "refused")) throw error;
    throw new HarnessError("unsupported", "the account does not get in with its own password either", { cause: error });
  }
}

const marker = (): string => randomBytes(8).toString("hex");

const checks: readonly Check[] = [
  {
    id: "login",
    title: "the first account logs in over a verified connection",
    reach: "functional",
    async run(place) {
      await using session = await open(place, first(place));
      await session.ping();
      return `${session.address} is logged in and answered`;
    },
  },
  {
    id: "wrong-password",
    title: "one wrong password is refused",
    reach: "functional",
    async run(place) {
      await requireOwnPassword(place);
      const person = { ...first(place), password: marker() };
      try {
        await using session = await open(place, person);
        throw new Unmet(`${session.address} was let in with a password made up here`);
      } catch (error) {
        if (hasCode(error, "refused")) return "refused in the server's words";
        throw error;
      }
    },
  },
  {
    id: "message",
    title: "a message between the two accounts arrives with its text and sender",
    reach: "functional",
    async run(place) {
      const [one, two] = place.opened.people;
      if (one === undefined || two === undefined) {
        throw new HarnessError("unsupported", "The description names one account; two are needed.");
      }
      await using sender = await open(place, one);
      await using receiver = await open(place, two);
      const text = `Prüfstand ${marker()} Grüße <&>`;
      await sender.send(await sender.openDirect(two.address), text);
      const what = `${two.address} receives the message of ${one.address}`;
      const got = await receiver.received((message) => message.text === text, { what, withinMs: deliveredWithinMs });
      if (got.from !== one.address) throw new Unmet(`the message came from ${got.from.slice(0, 100)}`);
      return got.encrypted ? "arrived, end-to-end encrypted" : "arrived, not end-to-end encrypted by this client";
    },
  },
  {
    id: "guessing",
    title: `of ${guesses} wrong passwords some are held up by a limit`,
    reach: "intrusive",
    async run({ driver, opened, remote }) {
      const { name } = first({ driver, opened, remote });
      let blocked = 0;
      for (let count = 0; count < guesses; count += 1) {
        const attempt = await driver.probes.login(opened.server, name, marker());
        if (attempt.outcome === "accepted") throw new Unmet("a password made up here was accepted");
        if (attempt.outcome === "failed")
          throw new HarnessError("disconnected", `attempt ${count + 1} failed on our side`);
        if (attempt.blocked) blocked += 1;
      }
      if (blocked === 0) throw new Unmet(`all ${guesses} guesses were answered, none was held up`);
      return `${blocked} of ${guesses} guesses were held up`;
    },
  },
];

async function runOne(check: Check, place: Place, on: string): Promise<RemoteFinding> {
  const { id, title, reach } = check;
  const finding = (outcome: RemoteFinding["outcome"], reason: string): RemoteFinding => ({
    id,
    title,
    reach,
    outcome,
    reason,
  });
  const refused = refusalOf(place.remote, reach, on);
  if (refused) return finding("not-tested", refused.text.en);
  try {
    return finding("held", await check.run(place));
  } catch (error) {
    const words = (error as Error).message;
    if (error instanceof Unmet) return finding("failed", words);
    if (hasCode(error, "unsupported")) return finding("not-tested", `not-tested: ${words}`);
    if (hasCode(error, "refused")) return finding("failed", words);
    return finding("inconclusive", words);
  }
}

/**
 * Runs the checks one after the other. `redact` is applied to every text, because a server may answer with what it was sent.
 * A fault of ours or of the line is `inconclusive`, never `failed`.
 */
export async function checkRemote(
  place: Place,
  on: string,
  redact: (text: string) => string,
): Promise<readonly RemoteFinding[]> {
  const findings: RemoteFinding[] = [];
  for (const check of checks) {
    const found = await runOne(check, place, on);
    findings.push({ ...found, reason: redact(found.reason) });
  }
  return findings;
}
