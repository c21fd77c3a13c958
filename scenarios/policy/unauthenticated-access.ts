import { HarnessError, hasCode } from "../../harness/model/errors.ts";
import type { Attempt } from "../../harness/model/probes.ts";
import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import type { RunningServer } from "../../harness/model/server.ts";
import { hasUploads, type Session } from "../../harness/model/session.ts";

// Files and profiles without login. Matrix 1.11 (MSC3916) asks for a token; XEP-0363 hands out an address that is itself the
// secret, so its randomness and its life decide. A_26289 for profiles. A file read by a made-up path out of the store (incident
// MEDIA: CVE-2021-41281) is one read without login, at an address that needs no secret and never ends.

const day = 86_400;

function answered(attempts: readonly Attempt[]): readonly Attempt[] {
  const failed = attempts.find((attempt) => attempt.outcome === "failed");
  if (failed !== undefined)
    throw new HarnessError("lab-fault", `expected an answer to ${failed.what}, got none: ${failed.answer}`);
  return attempts;
}

/** A server may hang up on an unheard-of path; that it still runs shows in the reads that come after. */
function someAnswered(attempts: readonly Attempt[]): readonly Attempt[] {
  return attempts.every(({ outcome }) => outcome === "failed") ? answered(attempts) : attempts;
}

const accepted = (attempts: readonly Attempt[]): readonly Attempt[] =>
  attempts.filter((attempt) => attempt.outcome === "accepted");
const named = (attempts: readonly Attempt[]): string => attempts.map((attempt) => attempt.what).join("; ");

/** Parts of an address that are shorter hold no secret worth the name. */
const shortestSecret = 16;

/** The same address with another secret: the last long part of the path is the random one (a file name may come after it). */
function neverIssued(url: string, secret: string): string {
  const parts = url.split("/");
  const at = parts.findLastIndex((part) => part.length >= shortestSecret);
  return parts.with(at, secret.padEnd(parts[at]?.length ?? 0, "x").slice(0, parts[at]?.length ?? 0)).join("/");
}

/** Uploads once more and lets more time pass than an upload may live; false when it can still be read then. */
async function uploadExpires(
  ctx: ScenarioContext,
  letTimePass: (seconds: number) => Promise<void>,
  read: (url: string) => Promise<Attempt>,
  upload: () => Promise<string>,
): Promise<boolean | undefined> {
  const url = await upload();
  const [fresh] = answered([await read(url)]);
  if (fresh?.outcome !== "accepted")
    throw new HarnessError("lab-fault", `expected a new upload to be readable, got: ${fresh?.answer ?? "nothing"}`);
  try {
    await letTimePass((ctx.params["expiry-days"] ?? 366) * day);
  } catch (error) {
    // Nothing was seen, so nothing is said.
    if (hasCode(error, "unsupported")) return undefined;
    throw error;
  }
  const [old] = answered([await read(url)]);
  await ctx.evidence("upload-expiry.json", JSON.stringify({ url, fresh, old }, null, 2));
  return old?.outcome === "refused";
}

/** D-13: an address that needs a login is no secret that would have to end. */
async function measureExpiry(
  ctx: ScenarioContext,
  server: RunningServer,
  open: boolean,
  parts: { readonly read: (url: string) => Promise<Attempt>; readonly upload: () => Promise<string> },
): Promise<void> {
  const { letTimePass } = server.administration;
  if (!open) ctx.notApplicable("media.url-expires", "files need a login: the address alone opens nothing");
  else if (letTimePass !== undefined) {
    const expires = await ctx.step("uploads expire", () => uploadExpires(ctx, letTimePass, parts.read, parts.upload));
    if (expires !== undefined) ctx.measure("media.url-expires", expires);
  }
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
  // The clean-up by age takes uploads and archives of scenarios that are over; nobody reads them any more.
  shares: "read-only",
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

    const strays = accepted(someAnswered(reads.strays));
    const media = [...accepted(answered(reads.media)), ...strays];
    const profiles = accepted(answered(reads.profiles));
    ctx.measure("media.reads-without-login", media.length, { note: named(media).slice(0, 1_000) });
    ctx.measure("profile.reads-without-login", profiles.length, { note: named(profiles) });
    ctx.measure("media.membership-checked", ofStranger?.outcome === "refused", {
      note: ofStranger?.answer.slice(0, 120) ?? "",
    });
    if (reads.urlEntropyBits === undefined)
      ctx.notApplicable("media.url-entropy", "no address with a random part was issued");
    else ctx.measure("media.url-entropy", reads.urlEntropyBits, { unit: "bit" });
    const read = (one: string): Promise<Attempt> => probes.readAsStranger(server, stranger, one);
    if (strays.length > 0) ctx.measure("media.url-expires", false, { note: named(strays).slice(0, 500) });
    else await measureExpiry(ctx, server, media.length > 0, { read, upload: send });
  },
});
