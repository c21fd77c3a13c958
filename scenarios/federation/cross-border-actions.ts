import { hasCode } from "../../harness/model/errors.ts";
import type { ScenarioContext } from "../../harness/model/scenario.ts";
import type { Person } from "../../harness/model/server.ts";
import {
  hasCorrection,
  hasEncryption,
  hasRetraction,
  type Conversation,
  type Session,
} from "../../harness/model/session.ts";

// F-10: what people do after sending. Twenty texts over the border are changed, then taken back (so that a deletion has an
// earlier change to take with it), and twenty more go end-to-end encrypted. An action is correct when the other authority's
// client shows it inside the window. A_25575-01, A_25576-01, A_28355; Matrix m.replace and redaction, XEP-0308, XEP-0424.

/** Longest wait for a text before anything is done to it; a text that never comes counts with both its actions. */
const textWithinMs = 30_000;

/** Who writes and who must see it. */
export interface Direction {
  readonly from: Session;
  readonly to: Session;
  readonly chat: Conversation | undefined;
}

export interface Action {
  readonly kind: "change" | "deletion" | "encrypted";
  readonly from: string;
  readonly to: string;
  readonly correct: boolean;
  /** Seconds from asking for it until the other side showed it; null = not inside the window. */
  readonly seconds: number | null;
  /** What the server or the client said where it did not work. */
  readonly words?: string;
}

/** A refusal, a missing extension and silence are findings about the server; everything else is a fault of ours. */
async function timed(
  ctx: ScenarioContext,
  about: Pick<Action, "kind" | "from" | "to">,
  act: () => Promise<unknown>,
  windowMs: number,
): Promise<Action> {
  const started = ctx.clock.nowMs();
  try {
    await act();
    const tookMs = ctx.clock.nowMs() - started;
    return { ...about, correct: tookMs <= windowMs, seconds: tookMs / 1_000 };
  } catch (error) {
    if (!hasCode(error, "refused", "deadline", "unsupported")) throw error;
    return { ...about, correct: false, seconds: null, words: (error as Error).message.slice(0, 300) };
  }
}

const notDone = (kind: Action["kind"], { from, to }: Direction, words: string): Action => ({
  kind,
  from: from.address,
  to: to.address,
  correct: false,
  seconds: null,
  words,
});

/** One text, changed and then taken back. */
async function changeAndDelete(
  ctx: ScenarioContext,
  way: Direction,
  number: number,
  windowMs: number,
): Promise<readonly Action[]> {
  const { from, to, chat } = way;
  if (chat === undefined || !hasCorrection(from) || !hasCorrection(to) || !hasRetraction(from) || !hasRetraction(to)) {
    const why = chat === undefined ? "no chat across the border" : "this client cannot change or delete";
    return [notDone("change", way, why), notDone("deletion", way, why)];
  }
  const text = ctx.random.id(`first-${number}`);
  const changed = ctx.random.id(`changed-${number}`);
  const about = { from: from.address, to: to.address };
  const sent = await from.send(chat, text);
  const seen = await to
    .received((message) => message.text === text, { what: `"${text}" at ${to.address}`, withinMs: textWithinMs })
    .catch((error: unknown) => {
      if (!hasCode(error, "deadline")) throw error;
      return undefined;
    });
  if (seen === undefined) return ["change" as const, "deletion" as const].map((kind) => notDone(kind, way, "no text"));
  const change = await timed(
    ctx,
    { kind: "change", ...about },
    async () => {
      await from.correct(chat, sent.id, changed);
      await to.corrected(seen.id, changed, { what: `"${changed}" in place of "${text}"`, withinMs: windowMs });
    },
    windowMs,
  );
  const deletion = await timed(
    ctx,
    { kind: "deletion", ...about },
    async () => {
      await from.retract(chat, sent.id);
      await to.retracted(seen.id, { what: `"${text}" to be taken back at ${to.address}`, withinMs: windowMs });
    },
    windowMs,
  );
  return [change, deletion];
}

/** `pairs` texts, in turn each way, all of them changed and deleted. */
export async function changesAndDeletions(
  ctx: ScenarioContext,
  ways: readonly [Direction, Direction],
  pairs: number,
  windowMs: number,
): Promise<readonly Action[]> {
  const all = Array.from({ length: pairs }, (_, number) =>
    changeAndDelete(ctx, ways[number % 2 === 0 ? 0 : 1], number, windowMs),
  );
  return (await Promise.all(all)).flat();
}

/** Encrypted texts in turn each way. Throws what is no finding: no browser, a lost connection. */
export async function encryptedTexts(
  ctx: ScenarioContext,
  people: readonly [Person, Person],
  count: number,
  windowMs: number,
): Promise<readonly Action[]> {
  const none = (words: string): readonly Action[] =>
    Array.from({ length: count }, () => ({
      kind: "encrypted" as const,
      from: people[0].address,
      to: people[1].address,
      correct: false,
      seconds: null,
      words,
    }));
  try {
    const [alice, bob] = await Promise.all([ctx.openEncrypting(people[0]), ctx.openEncrypting(people[1])]);
    if (!hasEncryption(alice) || !hasEncryption(bob)) return none("this client cannot encrypt");
    const chat = await alice.openEncryptedDirect(bob.address);
    await bob.join(chat, { what: `${bob.address} to be in the encrypted chat`, withinMs: textWithinMs });
    const actions: Action[] = [];
    for (let index = 0; index < count; index += 1) {
      const [from, to] = index % 2 === 0 ? ([alice, bob] as const) : ([bob, alice] as const);
      const text = ctx.random.id(`sealed-${index}`);
      const exchange = async (): Promise<void> => {
        await from.sendEncrypted(chat, text);
        const deadline = { what: `"${text}", decrypted, at ${to.address}`, withinMs: windowMs };
        await to.received((message) => message.text === text && message.encrypted, deadline);
      };
      actions.push(await timed(ctx, { kind: "encrypted", from: from.address, to: to.address }, exchange, windowMs));
    }
    return actions;
  } catch (error) {
    if (!hasCode(error, "refused", "deadline", "unsupported")) throw error;
    return none((error as Error).message.slice(0, 300));
  }
}
