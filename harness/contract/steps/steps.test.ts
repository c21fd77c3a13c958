import { rejects } from "node:assert/strict";
import { describe, test } from "node:test";
import type { Attempt } from "../../model/probes.ts";
import { Breach, Unclear } from "../outcome.ts";
import type { Scene } from "../scene.ts";
import type { Step } from "../step.ts";
import { coreSteps } from "./core.ts";
import { endpoints } from "./endpoints.ts";
import { federationSteps } from "./federation.ts";

const step = (id: string): Step => [...coreSteps, ...federationSteps, endpoints].find((one) => one.id === id) as Step;
const attempt = (outcome: Attempt["outcome"]): Attempt => ({ what: "a try", outcome, answer: "words", tookMs: 1 });

/** Only what the steps below look at. */
const sceneOf = (facts: object): Scene => ({ person: (name: string) => ({ name }), ...facts }) as unknown as Scene;

const withLogin = (outcome: Attempt["outcome"]): Scene =>
  sceneOf({ driver: { probes: { login: () => Promise.resolve(attempt(outcome)) } } });
const withDeliveries = (...outcomes: readonly Attempt["outcome"][]): Scene => {
  const attempts = outcomes.map((outcome) => ({ kind: "deliver", ...attempt(outcome) }));
  return sceneOf({
    driver: { probes: { plaintext: () => Promise.resolve({ attempts, dialbackBeforeTls: undefined }) } },
  });
};
const withPackage = (found: string, version: string): Scene =>
  sceneOf({ candidate: { version }, deployment: { images: [{ packages: { server: found } }] } });

describe("a step that has observed nothing does not pass, and does not blame the candidate:", () => {
  test("no delivery without TLS could be tried", () => rejects(step("federation-tls").run(withDeliveries()), Unclear));
  test("a delivery without TLS got no answer", () =>
    rejects(step("federation-tls").run(withDeliveries("refused", "failed")), Unclear));
  test("a wrong password could not be tried", () => rejects(step("wrong-password").run(withLogin("failed")), Unclear));
  test("the lab does not know the open ports", () => rejects(endpoints.run(sceneOf({ server: {} })), Unclear));
});

describe("the same steps", () => {
  test("pass for refusals", async () => {
    await step("federation-tls").run(withDeliveries("refused"));
    await step("wrong-password").run(withLogin("refused"));
  });
  test("blame the candidate for what it accepts", async () => {
    await rejects(step("federation-tls").run(withDeliveries("failed", "accepted")), Breach);
    await rejects(step("wrong-password").run(withLogin("accepted")), Breach);
  });
});

describe("the step version", () => {
  const shown = ["1.0", "1.0-1+deb13u1", "1:1.0-1", "v1.0", "1.0~bpo13+1"];
  for (const found of shown) test(`finds 1.0 in ${found}`, () => step("version").run(withPackage(found, "1.0")));
  const others = ["11.0.3", "1.0.3", "1.05", "3.1.0"];
  for (const found of others)
    test(`does not find 1.0 in ${found}`, async () => {
      await rejects(async () => step("version").run(withPackage(found, "1.0")), Breach);
    });
});
