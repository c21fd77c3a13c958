import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Sabotage } from "../model/control.ts";
import { HarnessError } from "../model/errors.ts";
import type { JournalEntry } from "../model/journal.ts";
import type { Scenario } from "../model/scenario.ts";
import { fakeCandidate, fakeLabState, fakeParts } from "./fake-lab.ts";
import type { FakeLabState } from "./fake-lab.ts";
import { readJournal, requireIntact } from "./journal.ts";
import { silentObserver } from "./observer.ts";
import { makePlan } from "./plan.ts";
import { executeRun } from "./run.ts";
import { aCatalogue, aCriterion, aDeclaration, aScenario, found } from "./test-plan.ts";

let outFolder = "";
before(async () => {
  outFolder = await mkdtemp(join(tmpdir(), "pruefstand-run-"));
});
after(() => rm(outFolder, { recursive: true, force: true }));

interface Setting {
  readonly scenarios?: readonly Scenario[];
  readonly state?: FakeLabState;
  readonly signal?: AbortSignal;
  readonly candidates?: readonly string[];
  readonly sabotage?: Sabotage;
  readonly concurrency?: number;
}

const catalogueFor = (scenarios: readonly Scenario[]) =>
  aCatalogue(
    [aCriterion({ scenarios: scenarios.map(({ id }) => id) })],
    [
      aDeclaration(),
      aDeclaration({ id: "example.time", type: "duration" }),
      aDeclaration({ id: "example.yes", type: "boolean" }),
    ],
  );

/** Runs the scenarios on the fake lab and gives back the journal. */
async function ran(setting: Setting = {}) {
  const { scenarios = [aScenario()], state = fakeLabState(), candidates = ["fake"] } = setting;
  const catalogue = catalogueFor(scenarios);
  const planned = makePlan({
    catalogue,
    scenarios: scenarios.map(found),
    candidates: candidates.map(fakeCandidate),
    size: "standard",
    seed: "seed",
    repeat: 1,
    only: [],
    onlyCandidates: [],
    onlyConfigs: [],
  });
  const { sabotage } = setting;
  const plan =
    sabotage === undefined ? planned : { ...planned, jobs: planned.jobs.map((job) => ({ ...job, sabotage })) };
  const outcome = await executeRun({
    plan,
    catalogue,
    parts: fakeParts(state),
    observer: silentObserver,
    signal: setting.signal ?? new AbortController().signal,
    root: join(import.meta.dirname, "..", ".."),
    outFolder,
    profile: "interministerial",
    command: "pruefstand run",
    concurrency: setting.concurrency ?? 3,
    keep: false,
  });
  const { entries } = requireIntact(await readJournal(join(outcome.folder, "journal.jsonl")));
  assert.equal(state.up, 0, "a deployment was left behind");
  assert.equal(state.closed, true, "the lab was left open");
  return { ...outcome, entries, state };
}

const endings = (entries: readonly JournalEntry[]): readonly string[] =>
  entries.flatMap((entry) =>
    entry.type === "scenario-ended" ? [`${entry.scenario} ${entry.fault?.code ?? "completed"}`] : [],
  );
const faultOf = (entries: readonly JournalEntry[]): string | undefined =>
  entries.find((entry) => entry.type === "scenario-ended")?.fault?.message;

describe("a run", () => {
  it("writes facts, deployment, steps, measurements, evidence and logs in order", async () => {
    const scenario = aScenario({
      async run(ctx) {
        const path = await ctx.step("look", () => ctx.evidence("seen.json", "{}"));
        ctx.measure("example.count", 1, { total: 2, evidence: [path], note: "one of two" });
        ctx.control("positive", true);
      },
    });
    const { entries, folder, id } = await ran({ scenarios: [scenario] });
    assert.deepEqual(
      entries.map(({ type }) => type),
      [
        "run-started",
        "deployed",
        "scenario-started",
        "evidence",
        "step",
        "measurement",
        "measurement",
        "evidence",
        "scenario-ended",
        "run-ended",
      ],
    );
    const measured = entries.find((entry) => entry.type === "measurement")?.measurement;
    assert.deepEqual(measured, {
      scenario: "SZ-90",
      candidate: "fake",
      config: "hardened",
      run: 1,
      grade: "E4",
      evidence: ["evidence/SZ-90/fake-hardened/seen.json"],
      id: "example.count",
      value: 1,
      total: 2,
      note: "one of two",
    });
    assert.deepEqual((await readdir(join(folder, "evidence/SZ-90/fake-hardened"))).toSorted(), [
      "log-a-fake.txt",
      "seen.json",
    ]);
    assert.equal(JSON.parse(await readFile(join(outFolder, "latest", "run.json"), "utf8")).id, id);
  });

  it("delivers over the fake messenger, with people whose passwords never reach the journal", async () => {
    const passwords: string[] = [];
    const scenario = aScenario({
      async run({ servers: [server], person, open, measure, evidence }) {
        assert.ok(server);
        const [alice, bob] = [await person(server, "alice"), await person(server, "bob")];
        passwords.push(alice.password, bob.password);
        const [from, to] = [await open(alice), await open(bob)];
        await from.send(await from.openDirect(bob.address), `my password is ${alice.password}`);
        const message = await to.received(({ from: sender }) => sender === alice.address, {
          what: "the text",
          withinMs: 5_000,
        });
        await evidence("inbox.txt", message.text);
        measure("example.count", to.inbox().length);
      },
    });
    const { entries, folder } = await ran({ scenarios: [scenario] });
    assert.deepEqual(endings(entries), ["SZ-90 completed"]);
    assert.equal(
      await readFile(join(folder, "evidence/SZ-90/fake-hardened/inbox.txt"), "utf8"),
      "my password is [redacted]",
    );
    assert.ok(passwords.every((password) => password.length > 20 && !JSON.stringify(entries).includes(password)));
  });

  const faults: readonly (readonly [string, Partial<Scenario>, string, RegExp])[] = [
    [
      "an error that is not ours",
      { run: () => Promise.reject(new TypeError("x is undefined")) },
      "harness-fault",
      /TypeError: x/u,
    ],
    [
      "a lost connection",
      { run: () => Promise.reject(new HarnessError("disconnected", "gone")) },
      "disconnected",
      /gone/u,
    ],
    [
      "an id it may not emit",
      { run: async ({ measure }) => measure("other.count", 1) },
      "harness-fault",
      /"other.count"/u,
    ],
    [
      "a value of another type",
      { run: async ({ measure }) => measure("example.count", 0.5) },
      "harness-fault",
      /whole number/u,
    ],
    [
      "an infinite value",
      { run: async ({ measure }) => measure("example.count", Infinity) },
      "harness-fault",
      /whole number/u,
    ],
    [
      "a wrong value even if the scenario swallows the error",
      {
        async run({ measure }) {
          try {
            measure("example.count", true);
          } catch {
            // as a careless scenario would
          }
        },
      },
      "harness-fault",
      /whole number/u,
    ],
    [
      "a fact told twice",
      {
        async run({ measure }) {
          measure("example.count", 1);
          measure("example.count", 2);
        },
      },
      "harness-fault",
      /twice/u,
    ],
    [
      "evidence it never wrote",
      { run: async ({ measure }) => measure("example.count", 1, { evidence: ["../../etc/passwd"] }) },
      "harness-fault",
      /never wrote/u,
    ],
    ["its time budget", { timeBudget: 0.05, run: () => new Promise(() => undefined) }, "deadline", /within 0.05 s/u],
    [
      "a wait in vain",
      { run: ({ until }) => until({ what: "rain", withinMs: 30 }, () => undefined) },
      "deadline",
      /Waited 30 ms in vain: rain/u,
    ],
  ];
  for (const [what, changes, code, message] of faults) {
    it(`ends a scenario that meets ${what} as ${code}, without a verdict`, async () => {
      const { entries } = await ran({ scenarios: [aScenario(changes)] });
      assert.deepEqual(endings(entries), [`SZ-90 ${code}`]);
      assert.match(faultOf(entries) ?? "", message);
      assert.equal(entries.at(-1)?.type, "run-ended");
    });
  }

  it("takes no measurement after the deadline", async () => {
    const late = Promise.withResolvers<unknown>();
    const scenario = aScenario({
      timeBudget: 0.05,
      async run({ signal, measure }) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        try {
          measure("example.count", 1);
        } catch (error) {
          late.resolve(error);
        }
      },
    });
    const { entries } = await ran({ scenarios: [scenario] });
    assert.equal(((await late.promise) as HarnessError).code, "deadline");
    assert.equal(
      entries.some(({ type }) => type === "measurement"),
      false,
    );
  });

  it("names the innermost step of an error and goes on when the scenario catches it", async () => {
    const failing = aScenario({
      run: ({ step }) => step("outer", () => step("inner", () => Promise.reject(new HarnessError("refused", "no")))),
    });
    const catching = aScenario({
      id: "SZ-91",
      async run({ step, measure }) {
        await step("tried", () => Promise.reject(new HarnessError("refused", "no"))).catch(() => undefined);
        measure("example.count", 1);
      },
    });
    const { entries } = await ran({ scenarios: [failing, catching] });
    assert.deepEqual(endings(entries).toSorted(), ["SZ-90 refused", "SZ-91 completed"]);
    const ended = entries.find((entry) => entry.type === "scenario-ended" && entry.scenario === "SZ-90");
    assert.equal(ended?.type === "scenario-ended" && ended.fault?.step, "inner");
  });

  it("turns a lab that broke into a lab fault although the scenario ran to its end", async () => {
    const state = fakeLabState();
    state.broken = ["a-fake was killed (out of memory)"];
    const { entries } = await ran({ state });
    assert.deepEqual(endings(entries), ["SZ-90 lab-fault"]);
    assert.match(faultOf(entries) ?? "", /out of memory/u);
  });

  it("turns servers that do not start into a lab fault and goes on with the next", async () => {
    const state = fakeLabState();
    state.onDeploy = ({ candidate }) => {
      if (candidate.id === "broken") throw new Error("exit code 1");
    };
    const { entries } = await ran({ state, candidates: ["broken", "whole"] });
    assert.deepEqual(endings(entries).toSorted(), ["SZ-90 completed", "SZ-90 lab-fault"]);
  });

  it("fails the rest at once when the container engine is gone", async () => {
    const state = fakeLabState();
    let deployments = 0;
    state.onDeploy = () => {
      deployments += 1;
      if (deployments < 2) return;
      state.engineAnswers = false;
      throw new Error("connect ENOENT docker.sock");
    };
    const candidates = ["one", "two", "three", "four", "five"];
    const { entries, outcome } = await ran({ state, candidates, concurrency: 1 });
    assert.deepEqual(endings(entries), [
      "SZ-90 completed",
      "SZ-90 environment",
      "SZ-90 environment",
      "SZ-90 environment",
      "SZ-90 environment",
    ]);
    assert.equal(deployments, 2);
    assert.equal(outcome, "completed");
  });

  it("stops politely on an interruption: everything is in the journal, nothing is left up", async () => {
    const stop = new AbortController();
    const scenario = aScenario({
      async run() {
        stop.abort(new HarnessError("interrupted", "SIGINT"));
        await new Promise(() => undefined);
      },
    });
    const { entries, outcome } = await ran({
      scenarios: [scenario],
      candidates: ["one", "two"],
      signal: stop.signal,
      concurrency: 1,
    });
    assert.deepEqual(endings(entries), ["SZ-90 interrupted", "SZ-90 interrupted"]);
    assert.equal(outcome, "interrupted");
    assert.deepEqual(entries.at(-1)?.type === "run-ended" && entries.at(-1), {
      ...entries.at(-1),
      outcome: "interrupted",
    });
  });
});

describe("the scheduler", () => {
  it("shares servers among reading scenarios only, and runs exclusive ones alone", async () => {
    const state = fakeLabState();
    let running = 0;
    const seen: Record<string, number> = {};
    const observed = (id: string, changes: Partial<Scenario> = {}): Scenario =>
      aScenario({
        id,
        ...changes,
        async run({ measure }) {
          running += 1;
          await new Promise((resolve) => setTimeout(resolve, 20));
          seen[id] = Math.max(seen[id] ?? 0, running);
          running -= 1;
          measure("example.count", 1);
        },
      });
    const scenarios = [
      observed("SZ-01", { shares: "read-only" }),
      observed("SZ-02", { shares: "read-only" }),
      observed("SZ-03"),
      observed("SZ-04", { exclusive: true, timeBudget: 900 }),
      observed("SZ-05", { exclusive: true, shares: "read-only", timeBudget: 900 }),
    ];
    const { entries } = await ran({ scenarios, state });
    assert.equal(endings(entries).length, 5);
    assert.equal(state.deployed.length, 4);
    assert.equal(seen["SZ-04"], 1);
    assert.equal(seen["SZ-05"], 1);
    assert.deepEqual(
      entries
        .flatMap((entry) => (entry.type === "scenario-ended" ? [entry.scenario] : []))
        .slice(-2)
        .toSorted(),
      ["SZ-04", "SZ-05"],
    );
  });

  it("lets one that changes shared servers use them after all others", async () => {
    const state = fakeLabState();
    const measuring = (id: string, changes: Partial<Scenario>): Scenario =>
      aScenario({ id, ...changes, run: async ({ measure }) => measure("example.count", 1) });
    const scenarios = [
      measuring("SZ-01", { shares: "last", timeBudget: 1 }),
      measuring("SZ-02", { shares: "read-only", timeBudget: 200 }),
      measuring("SZ-03", { shares: "last", timeBudget: 2 }),
    ];
    const { entries } = await ran({ scenarios, state });
    const order = entries.flatMap((entry) => (entry.type === "scenario-ended" ? [entry.scenario] : []));
    assert.deepEqual(order, ["SZ-02", "SZ-01", "SZ-03"]);
    assert.equal(state.deployed.length, 2, "nothing comes after what changed the servers");
  });

  it("deploys again for the next reader when a shared deployment broke", async () => {
    const state = fakeLabState();
    const reader = (id: string): Scenario =>
      aScenario({
        id,
        shares: "read-only",
        async run({ measure }) {
          measure("example.count", 1);
          if (state.deployed.length === 1) state.broken = ["a-fake is gone"];
        },
      });
    state.onDeploy = () => {
      state.broken = [];
    };
    const { entries } = await ran({ scenarios: [reader("SZ-01"), reader("SZ-02")], state });
    assert.deepEqual(
      endings(entries)
        .map((line) => line.split(" ")[1] ?? "")
        .toSorted((left, right) => left.localeCompare(right)),
      ["completed", "lab-fault"],
    );
    assert.equal(state.deployed.length, 2);
  });

  it("prepares load runs side by side, measures them alone, and does not count their wait", async () => {
    let preparing = 0;
    let most = 0;
    let measuring = 0;
    const load = (id: string): Scenario =>
      aScenario({
        id,
        exclusive: "when-asked",
        timeBudget: 1,
        async run({ measure, aloneFromHere, until }) {
          preparing += 1;
          most = Math.max(most, preparing);
          await until({ what: "both to prepare", withinMs: 5_000 }, () => (most === 2 ? true : undefined));
          await aloneFromHere();
          measuring += 1;
          assert.equal(measuring, 1, "two measured at the same time");
          const began = performance.now();
          await until({ what: "more than half of the budget", withinMs: 5_000 }, () =>
            performance.now() - began > 600 ? true : undefined,
          );
          measuring -= 1;
          measure("example.count", 1);
        },
      });
    const { entries } = await ran({ scenarios: [load("SZ-04"), load("SZ-05")] });
    const ended = entries.flatMap((entry) => (entry.type === "scenario-ended" ? [entry] : []));
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["completed", "completed"],
    );
    const [first, second] = ended;
    assert.ok((second?.waitedMs ?? 0) >= 600, "the second one waited for the first");
    assert.ok((second?.tookMs ?? 0) < (first?.tookMs ?? 0) + (second?.waitedMs ?? 0), "and its wait is not counted");
  });

  it("keeps to the number of jobs at once", async () => {
    const { state } = await ran({ candidates: ["a", "b", "c", "d", "e", "f"], concurrency: 2 });
    assert.equal(state.most, 2);
    assert.equal(state.deployed.length, 6);
  });
});

describe("a sabotage of the lab", () => {
  const twoSteps = aScenario({
    async run({ step, measure }) {
      await step("first", async () => undefined);
      await step("second", async () => measure("example.count", 1));
    },
  });

  it("comes before the step it names and is seen as a lab fault", async () => {
    const { entries, results } = await ran({
      scenarios: [twoSteps],
      sabotage: { lab: { fault: "kill-server", at: "second" } },
    });
    assert.deepEqual(endings(entries), ["SZ-90 lab-fault"]);
    assert.equal(results[0]?.outcome.sabotaged, true);
  });

  it("is reported as never applied when its step never came", async () => {
    const { results } = await ran({ scenarios: [twoSteps], sabotage: { lab: { fault: "kill-server", at: "third" } } });
    assert.equal(results[0]?.outcome.sabotaged, false);
  });

  it("takes the browser away", async () => {
    const scenario = aScenario({
      async run({ servers: [server], person, openEncrypting }) {
        assert.ok(server);
        await openEncrypting(await person(server, "alice"));
      },
    });
    const { entries } = await ran({ scenarios: [scenario], sabotage: { lab: { fault: "no-browser", at: 0 } } });
    assert.deepEqual(endings(entries), ["SZ-90 lab-fault"]);
  });
});
