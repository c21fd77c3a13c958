import { HarnessError } from "../../harness/model/errors.ts";
import type { Attempt } from "../../harness/model/probes.ts";
import { defineScenario } from "../../harness/model/scenario.ts";

// Whether a stranger can make an account. Judged on the shipped configuration too: an authority that forgets the switch is open.
// ORP.4.A1; RFC for XMPP: XEP-0077; Matrix: POST /register.

/** A domain no one owns (RFC 2606). */
const mailDomain = "behoerde.example";

function answered(attempt: Attempt): Attempt {
  if (attempt.outcome === "failed")
    throw new HarnessError("lab-fault", `expected an answer to ${attempt.what}, got none: ${attempt.answer}`);
  return attempt;
}

export const scenario = defineScenario({
  id: "SZ-11",
  title: { de: "Selbstregistrierung", en: "Self-registration" },
  shows: {
    de: "Ob sich Fremde selbst ein Konto anlegen können, und ob sich die Anmeldung auf eine Maildomäne beschränken lässt.",
    en: "Whether strangers can create an account, and whether sign-up can be bound to one mail domain.",
  },
  area: "policy",
  verifies: ["I-09"],
  measures: ["registration.open", "registration.domain-bound-possible"],
  protocols: ["matrix", "xmpp", "irc", "email"],
  servers: 1,
  timeBudget: 120,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const { probes } = ctx.driver();
    const insider = await ctx.person(server, "insider");
    const login = await ctx.step("an account made by the administrator can log in", () =>
      probes.login(server, insider.name, insider.password),
    );
    ctx.control("positive", login.outcome === "accepted", "the server takes logins");

    const name = ctx.random.id("stranger");
    // Long and mixed: a rule about passwords must not be taken for a closed registration.
    const password = `${ctx.random.id("Long")}.${ctx.random.id("2Enough")}!`;
    // Mail servers that make accounts for strangers do it at the first login; there a wrong password is what must be refused.
    const nobody = ctx.protocol === "email" ? insider.name : name;
    const before = answered(await probes.login(server, nobody, password));
    ctx.control("negative", before.outcome === "refused", "the server refuses logins without an account");
    const registration = await ctx.step("a stranger registers and logs in", () =>
      probes.selfRegistration(server, name, password),
    );
    await ctx.evidence("self-registration.json", JSON.stringify({ login, before, registration }, null, 2));
    ctx.measure("registration.open", answered(registration).outcome === "accepted", {
      note: registration.answer.slice(0, 200),
    });

    const { enableDomainBoundRegistration } = server.administration;
    if (enableDomainBoundRegistration === undefined || probes.domainBoundRegistration === undefined) {
      ctx.measure("registration.domain-bound-possible", false, {
        note: "the product documents no registration bound to a mail domain",
      });
      return;
    }
    const bound = await ctx.step("sign-up bound to one mail domain", async () => {
      await enableDomainBoundRegistration(mailDomain);
      return probes.domainBoundRegistration?.(server, mailDomain);
    });
    await ctx.evidence("domain-bound-registration.json", JSON.stringify(bound, null, 2));
    if (bound === undefined) return;
    ctx.measure(
      "registration.domain-bound-possible",
      answered(bound.own).outcome === "accepted" && answered(bound.foreign).outcome === "refused",
      {
        note: `own domain: ${bound.own.outcome}; foreign domain: ${bound.foreign.outcome}`,
      },
    );
  },
});
