import { exchange, soon } from "../scene.ts";
import { holds, Unclear } from "../outcome.ts";
import type { Step } from "../step.ts";

/** As a whole version: 1.0 is not in 11.0.3. What a distribution adds (1.0-1, 1:1.0) may stand around it. */
const namesVersion = (found: string, version: string): boolean =>
  new RegExp(String.raw`(?<![\d.])${version.replaceAll(/[.+]/gu, String.raw`\$&`)}(?!\.?\d)`, "u").test(found);

const version: Step = {
  id: "version",
  title: "shows the version that its descriptor names",
  expected: "the output of `versions` names a package with the version of the descriptor",
  clause: "Candidate.version, Service.versions (harness/model/candidate.ts): a report names what was measured",
  fix: 'Give the main service `versions`, e.g. ["dpkg-query", "-W", "<package>"], and pin the same version in the Dockerfile.',
  run({ candidate, deployment }) {
    const packages = deployment.images.flatMap((image) => Object.entries(image.packages));
    const shown = packages.map(([name, found]) => `${name} ${found}`).join(", ");
    const own = packages.some(([, found]) => namesVersion(found, candidate.version));
    holds(
      own,
      shown === "" ? "no service shows a version" : shown.slice(0, 500),
      `a package of version ${candidate.version}`,
    );
    return Promise.resolve();
  },
};

const login: Step = {
  id: "login",
  title: "lets people log in whose accounts were made",
  expected: "createAccounts makes accounts that can log in when it returns",
  clause: "Administration.createAccounts (harness/model/candidate.ts)",
  fix: "Let createAccounts wait until the server has acknowledged the account, and throw `refused` with its words otherwise.",
  async run(scene) {
    for (const role of ["alice", "bob"]) {
      await scene.create(role);
      await scene.open(role);
    }
  },
};

const wrongPassword: Step = {
  id: "wrong-password",
  title: "refuses a wrong password",
  expected: "a login with a wrong password is refused",
  clause: "Driver.open (harness/model/session.ts); IT-Grundschutz ORP.4",
  fix: "Let the server check passwords against the accounts of createAccounts.",
  after: ["login"],
  async run(scene) {
    const { name } = scene.person("alice");
    const { outcome, answer } = await scene.driver.probes.login(scene.server, name, "not-the-password");
    if (outcome === "failed") throw new Unclear(`the login could not be tried: ${answer}`);
    holds(outcome === "refused", `the login was accepted: ${answer}`);
  },
};

const delivery: Step = {
  id: "delivery",
  title: "delivers a message from one person to another",
  expected: "a text of Alice arrives at Bob unchanged and with her address",
  clause: "Session.send, Session.received (harness/model/session.ts)",
  fix: "Try it by hand with two clients; the server's log is in the output of `run --candidate … --keep`.",
  after: ["login"],
  async run(scene) {
    scene.chat = await exchange(scene.session("alice"), scene.session("bob"), soon("Bob reads Alice's message"));
  },
};

export const coreSteps: readonly Step[] = [version, login, wrongPassword, delivery];
