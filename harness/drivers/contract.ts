import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Account } from "../model/candidate.ts";
import type { Faults, Person, RunningServer } from "../model/server.ts";
import { hasRetraction, hasUploads, type Conversation, type Driver, type Session } from "../model/session.ts";

/** What a driver is tested against. */
export interface ContractSubject extends AsyncDisposable {
  readonly driver: Driver;
  readonly server: RunningServer;
  /** For the sentence about lost connections. */
  readonly faults: Faults;
  address(name: string): string;
}

export interface ContractOptions {
  /** Sentences that this product cannot fulfil, by its configuration, with the reason. */
  readonly skip?: readonly { readonly test: string; readonly reason: string }[];
}

const soon = (what: string): { readonly what: string; readonly withinMs: number } => ({ what, withinMs: 20_000 });
const unique = (): string => randomBytes(4).toString("hex");

async function people(subject: ContractSubject, ...roles: readonly string[]): Promise<readonly Person[]> {
  const accounts: readonly Account[] = roles.map((role) => ({
    name: `${role}-${unique()}`,
    password: randomBytes(18).toString("base64url"),
  }));
  await subject.server.administration.createAccounts(accounts);
  return accounts.map((account) => ({ ...account, server: subject.server, address: subject.address(account.name) }));
}

interface Pair extends AsyncDisposable {
  readonly alice: Session;
  readonly bob: Session;
}

async function openPair(subject: ContractSubject): Promise<Pair> {
  const [one, two] = await people(subject, "alice", "bob");
  assert.ok(one !== undefined && two !== undefined);
  const alice = await subject.driver.open(subject.server, one);
  const bob = await subject.driver.open(subject.server, two);
  return {
    alice,
    bob,
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([alice[Symbol.asyncDispose](), bob[Symbol.asyncDispose]()]);
    },
  };
}

/** Both are in the direct conversation; each names it in its own way (XMPP: the other's address). */
async function openDirect({ alice, bob }: Pair): Promise<{ readonly hers: Conversation; readonly his: Conversation }> {
  const hers = await alice.openDirect(bob.address);
  if (alice.protocol === "xmpp") return { hers, his: { kind: "direct", id: alice.address } };
  await bob.join(hers, soon("Bob is in the direct chat"));
  return { hers, his: hers };
}

/** The sentences every driver must fulfil against a real server. */
export function describeDriver(
  name: string,
  make: () => Promise<ContractSubject>,
  options: ContractOptions = {},
): void {
  describe(name, { timeout: 300_000 }, () => {
    let subject: ContractSubject;
    before(async () => {
      subject = await make();
    });
    after(async () => {
      await subject?.[Symbol.asyncDispose]();
    });

    const sentence = (title: string, body: () => Promise<void>): void => {
      const skipped = options.skip?.find((one) => one.test === title);
      test(title, { skip: skipped?.reason ?? false, timeout: 90_000 }, body);
    };

    sentence("a message sent to a person arrives with its text and sender", async () => {
      await using pair = await openPair(subject);
      const { hers } = await openDirect(pair);
      const text = `Grüße <&> ${unique()}`;
      const sent = await pair.alice.send(hers, text);
      const got = await pair.bob.received((message) => message.text === text, soon("Bob reads Alice's message"));
      assert.equal(got.from, pair.alice.address);
      assert.equal(got.conversation.kind, "direct");
      assert.equal(got.encrypted, false);
      assert.ok(sent.acknowledgedAt > 0 && got.at > 0 && sent.id !== "");
    });

    sentence("an answer comes back in the same conversation and the inbox keeps the order", async () => {
      await using pair = await openPair(subject);
      const { hers, his } = await openDirect(pair);
      for (const text of ["one", "two", "three"]) await pair.alice.send(hers, text);
      await pair.bob.received(({ text }) => text === "three", soon("Bob reads the third message"));
      const texts = pair.bob.inbox().map(({ text }) => text);
      assert.deepEqual(texts, ["one", "two", "three"]);
      await pair.bob.send(his, "answer");
      const answer = await pair.alice.received(({ text }) => text === "answer", soon("Alice reads the answer"));
      assert.equal(answer.conversation.id, hers.id);
    });

    sentence("an invited person joins a group and both read each other, nobody reads twice", async () => {
      await using pair = await openPair(subject);
      const group = await pair.alice.createGroup(`group ${unique()}`);
      await pair.alice.invite(group, pair.bob.address);
      await pair.bob.join(group, soon("Bob is in the group"));
      await pair.alice.send(group, "to the group");
      const got = await pair.bob.received(({ text }) => text === "to the group", soon("Bob reads the group"));
      assert.deepEqual([got.conversation.kind, got.conversation.id, got.from], ["group", group.id, pair.alice.address]);
      await pair.bob.send(group, "from Bob");
      await pair.alice.received(({ text }) => text === "from Bob", soon("Alice reads the group"));
      assert.equal(pair.alice.inbox().filter(({ text }) => text === "from Bob").length, 1);
    });

    sentence("a person who was not invited does not get into a group", async () => {
      await using pair = await openPair(subject);
      const group = await pair.alice.createGroup(`group ${unique()}`);
      const impatient = { what: "an invitation for Bob", withinMs: 1_500 };
      await assert.rejects(pair.bob.join(group, impatient), ({ code }: { code: string }) =>
        ["deadline", "refused"].includes(code),
      );
    });

    sentence("history gives the stored messages, newest last", async () => {
      await using pair = await openPair(subject);
      const { hers, his } = await openDirect(pair);
      for (const text of ["first", "second", "third"]) await pair.alice.send(hers, text);
      await pair.bob.received(({ text }) => text === "third", soon("Bob reads the third message"));
      const stored = await pair.bob.history(his, 2);
      assert.deepEqual(
        stored.map(({ text }) => text),
        ["second", "third"],
      );
      assert.deepEqual(new Set(stored.map(({ from }) => from)), new Set([pair.alice.address]));
    });

    sentence("a file is uploaded, named in a message and fetched unchanged", async () => {
      await using pair = await openPair(subject);
      assert.ok(hasUploads(pair.alice));
      const { hers } = await openDirect(pair);
      const bytes = randomBytes(10_000);
      const sent = await pair.alice.sendFile(hers, "report.bin", bytes);
      const got = await pair.bob.received(({ attachment }) => attachment !== undefined, soon("Bob sees the file"));
      assert.equal(got.attachment?.url, sent.url);
      assert.deepEqual(Buffer.from((await got.attachment?.bytes()) ?? []), bytes);
    });

    sentence("a message taken back is gone for the other person", async () => {
      await using pair = await openPair(subject);
      assert.ok(hasRetraction(pair.alice) && hasRetraction(pair.bob));
      const { hers } = await openDirect(pair);
      const { id } = await pair.alice.send(hers, "a mistake");
      await pair.bob.received(({ text }) => text === "a mistake", soon("Bob reads the mistake"));
      await pair.alice.retract(hers, id);
      assert.equal((await pair.bob.retracted(id, soon("Bob sees it taken back"))).marked, true);
    });

    sentence("a wrong password is refused in the server's words", async () => {
      const [person] = await people(subject, "carol");
      assert.ok(person !== undefined);
      const wrong = { ...person, password: "not the password" };
      await assert.rejects(subject.driver.open(subject.server, wrong), { name: "HarnessError", code: "refused" });
    });

    sentence("a certificate of another authority is never taken for a refusal", async () => {
      const [person] = await people(subject, "carol");
      assert.ok(person !== undefined);
      const server: RunningServer = Object.create(subject.server, { ca: { value: otherAuthority } }) as RunningServer;
      await assert.rejects(subject.driver.open(server, { ...person, server }), ({ code }: { code: string }) =>
        ["disconnected", "lab-fault"].includes(code),
      );
    });

    sentence(
      "ping answers while the session lives and rejects after it was closed; closing twice is fine",
      async () => {
        const [person] = await people(subject, "carol");
        assert.ok(person !== undefined);
        const session = await subject.driver.open(subject.server, person);
        await session.ping();
        await session[Symbol.asyncDispose]();
        await session[Symbol.asyncDispose]();
        assert.equal((await session.ended).error, undefined);
        await assert.rejects(session.ping(), { name: "HarnessError", code: "disconnected" });
      },
    );

    sentence("load sessions deliver bodies unchanged", async () => {
      const [one, two] = await people(subject, "alice", "bob");
      assert.ok(one !== undefined && two !== undefined);
      await using alice = await subject.driver.openForLoad(subject.server, one);
      await using bob = await subject.driver.openForLoad(subject.server, two);
      const [conversation] = await Promise.all([alice.prepare(bob), bob.prepare(alice)]);
      const { promise, resolve } = Promise.withResolvers<string>();
      bob.onMessage(resolve);
      const body = `<load> & ${unique()}`;
      await alice.send(conversation, body);
      assert.equal(await promise, body);
    });

    // Last: it kills the server.
    sentence("a lost connection ends the session with an error and rejects what is pending", async () => {
      await using pair = await openPair(subject);
      const pending = pair.bob.received(() => false, { what: "a message that never comes", withinMs: 60_000 });
      const rejected = assert.rejects(pending, { name: "HarnessError", code: "disconnected" });
      await using killed = await subject.faults.kill(subject.server);
      assert.ok(killed);
      await rejected;
      assert.ok((await pair.bob.ended).error instanceof Error);
      await assert.rejects(pair.bob.ping(), { name: "HarnessError", code: "disconnected" });
    });
  });
}

/** A valid certificate that signed nothing here (self-signed, made once with openssl, its key is gone). */
const otherAuthority = `-----BEGIN CERTIFICATE-----
MIIBkDCCATWgAwIBAgIUSgGSwSAD8SI0Zfn2xoImvBxz7l0wCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRYW5vdGhlci1hdXRob3JpdHkwIBcNMjYxMTIzMTM0NDMyWhgP
MjEyNjEwMzAxMzQ0MzJaMBwxGjAYBgNVBAMMEWFub3RoZXItYXV0aG9yaXR5MFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEalLdJyxulh5gFmeSbdRHwNfFDVOeBnXC
X1OqC67+CrG3wwC/KTgNCX6SNHzY5zgqEGKnR5IbZtmFKJq1K7O4MaNTMFEwHQYD
VR0OBBYEFCcrKE3ktihykct6pikQtTR/neA0MB8GA1UdIwQYMBaAFCcrKE3ktihy
kct6pikQtTR/neA0MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIh
APu+EbwRYaTF8s/A5P2nL2+XqkCSSiszSmOp0tfM678YAiEAnwK2dFAmsJTe67g9
s69iqwDvRTOlvf9Ihxda8hDAgek=
-----END CERTIFICATE-----
`;
