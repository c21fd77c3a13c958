import { HarnessError } from "../../harness/model/errors.ts";
import type { Attempt } from "../../harness/model/probes.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer } from "../../harness/model/server.ts";
import { hasUploads, type Session } from "../../harness/model/session.ts";

// Files and profiles without login. Matrix 1.11 (MSC3916) asks for a token; XEP-0363 hands out an address that is itself the
// secret, so its randomness and its life decide. A_26289 for profiles.

function answered(attempts: readonly Attempt[]): readonly Attempt[] {
  const failed = attempts.find((attempt) => attempt.outcome === "failed");
  if (failed !== undefined)
    throw new HarnessError("lab-fault", `expected an answer to ${failed.what}, got none: ${failed.answer}`);
  return attempts;
}

const accepted = (attempts: readonly Attempt[]): readonly Attempt[] =>
  attempts.filter((attempt) => attempt.outcome === "accepted");
const named = (attempts: readonly Attempt[]): string => attempts.map((attempt) => attempt.what).join("; ");

/** The same address with another secret: the longest part of the path is the random one (file name after it, or nothing). */
function neverIssued(url: string, secret: string): string {
  const longest = url.split("/").reduce((best, part) => (part.length > best.length ? part : best), "");
  return url.replace(longest, secret.padEnd(longest.length, "x").slice(0, longest.length));
}

/** Shortens the life of uploads and waits until a new one is gone; false when the product cannot let uploads expire. */
async function uploadExpires(
  ctx: ScenarioContext,
  server: RunningServer,
  upload: () => Promise<string>,
): Promise<boolean> {
  const { setUploadExpiry } = server.administration;
  if (setUploadExpiry === undefined) return false;
  const seconds = ctx.params["expiry"] ?? 2;
  await setUploadExpiry(seconds);
  const url = await upload();
  const stranger = await ctx.person(server, "reader");
  const gone = async (): Promise<true | undefined> => {
    const attempt = await ctx.driver().probes.readAsStranger(server, stranger, url);
    return attempt.outcome === "refused" ? true : undefined;
  };
  return ctx
    .until({ what: `an upload with a life of ${seconds} s to be gone`, withinMs: (seconds + 15) * 1000 }, gone)
    .catch(() => false);
}

export const scenario = defineScenario({
  id: "SZ-27",
  title: { de: "Zugriff ohne Anmeldung", en: "Access without login" },
  shows: {
    de: "Ob Dateien und Profile ohne Anmeldung oder von Unbeteiligten gelesen werden können.",
    en: "Whether files and profiles can be read without login or by people who are not part of the conversation.",
  },
  area: "policy",
  verifies: ["D-13"],
  measures: [
    "media.reads-without-login",
    "profile.reads-without-login",
    "media.membership-checked",
    "media.url-entropy",
    "media.url-expires",
  ],
  protocols: ["matrix", "xmpp"],
  servers: 1,
  timeBudget: 120,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const { probes } = ctx.driver();
    const alice = await ctx.open(await ctx.person(server, "alice"));
    const bob = await ctx.open(await ctx.person(server, "bob"));
    const stranger = await ctx.person(server, "stranger");
    if (!hasUploads(alice))
      throw new HarnessError("harness-fault", "expected a session that can upload, got one that cannot");
    const uploads: Session & { sendFile: typeof alice.sendFile } = alice;
    const chat = await alice.openDirect(bob.address);
    await bob.join(chat, { what: "bob to be in the chat", withinMs: 20_000 });
    const secret = ctx.random.id("attached");
    const send = async (): Promise<string> =>
      (await uploads.sendFile(chat, "note.txt", new TextEncoder().encode(secret))).url;

    const url = await ctx.step("a file is shared in a chat", send);
    const member = await ctx.step("the recipient reads the file", async () => {
      const message = await bob.received((one) => one.attachment !== undefined, {
        what: "the file at bob",
        withinMs: 20_000,
      });
      return new TextDecoder().decode(await message.attachment?.bytes());
    });
    ctx.control("positive", member === secret, "the recipient can read the file");
    await probes.plantProfile(server, alice.person);

    const reads = await ctx.step("a file and a profile are read without login", () =>
      probes.unauthenticatedReads(server, alice.person, url),
    );
    const asStranger = await ctx.step("a person outside the chat reads the file", () =>
      probes.readAsStranger(server, stranger, url),
    );
    const wrong = await ctx.step("an address that was never issued is read", () =>
      probes.readAsStranger(server, stranger, neverIssued(url, ctx.random.id("never-issued"))),
    );
    await ctx.evidence("unauthenticated-access.json", JSON.stringify({ url, reads, asStranger, wrong }, null, 2));
    const [ofStranger, ofWrong] = answered([asStranger, wrong]);
    ctx.control("negative", ofWrong?.outcome === "refused", "an address that was never issued gives nothing");

    const media = accepted(answered(reads.media));
    const profiles = accepted(answered(reads.profiles));
    ctx.measure("media.reads-without-login", media.length, { note: named(media) });
    ctx.measure("profile.reads-without-login", profiles.length, { note: named(profiles) });
    ctx.measure("media.membership-checked", ofStranger?.outcome === "refused", {
      note: ofStranger?.answer.slice(0, 120) ?? "",
    });
    if (reads.urlEntropyBits === undefined)
      ctx.notApplicable("media.url-entropy", "no address with a random part was issued");
    else ctx.measure("media.url-entropy", reads.urlEntropyBits, { unit: "bit" });
    ctx.measure("media.url-expires", await ctx.step("uploads expire", () => uploadExpires(ctx, server, send)));
  },
});
