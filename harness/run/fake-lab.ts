import { randomUUID } from "node:crypto";
import type { Candidate } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import type { DeployPlan, Deployment, Lab } from "../model/lab.ts";
import type { RunningServer } from "../model/server.ts";
import type { Conversation, Driver, ReceivedMessage, Session } from "../model/session.ts";
import { destinationOf } from "../model/session.ts";
import type { LoadTools, TlsScanner } from "../model/tools.ts";
import type { DriverSet, RunParts } from "./parts.ts";

// A messenger and a lab in memory, named "fake" wherever they appear: for tests of the engine, never for a verdict.

const configuration = { files: [], variables: {}, deviations: [] };

export const fakeCandidate = (id = "fake"): Candidate => ({
  id,
  standard: true,
  title: `Fake ${id}`,
  vendor: "nobody",
  licence: "Apache-2.0",
  version: "0",
  protocol: "xmpp",
  folder: import.meta.dirname,
  services: {},
  endpoints: [],
  subdomains: [],
  stores: [],
  configurations: { default: configuration, hardened: configuration },
  endEncryption: [],
  administration: {
    createAccounts: async () => undefined,
    disableAccount: async () => undefined,
    deleteAccount: async () => undefined,
  },
  abilities: ["federation"],
  notes: [],
  erasureLimit: { default: null, hardened: null },
});

/** What a test sees of the fake lab, and how it breaks it. */
export interface FakeLabState {
  readonly deployed: { readonly candidate: string; readonly config: string; readonly servers: number }[];
  /** Deployments that are up now, and the most at once. */
  up: number;
  most: number;
  closed: boolean;
  /** Called before each deployment; throw to let it fail. */
  onDeploy: (plan: DeployPlan) => Promise<void> | void;
  /** Answer of health() of every deployment. */
  broken: readonly string[];
  engineAnswers: boolean;
  readonly secrets: Set<string>;
}

export const fakeLabState = (): FakeLabState => ({
  deployed: [],
  up: 0,
  most: 0,
  closed: false,
  onDeploy: () => undefined,
  broken: [],
  engineAnswers: true,
  secrets: new Set(),
});

const unusable = (): never => {
  throw new HarnessError("unsupported", "The fake lab cannot do this.");
};
const fakeTls: TlsScanner = { name: "fake", version: "0", scan: unusable, generatedCertificate: unusable };
const fakeLoad: LoadTools = {
  poisson: () => [],
  deliver: unusable,
  http: unusable,
  knee: unusable,
  loginStorm: unusable,
};

function fakeServer(id: string, { candidate, config }: DeployPlan): RunningServer {
  const { title, protocol, abilities } = candidate;
  return {
    id,
    domain: `${id}.pruefstand.test`,
    config,
    candidate: { id: candidate.id, title, protocol, abilities, erasureLimit: null, roles: [] },
    endpoints: [],
    endpoint: () => undefined,
    ca: "",
    request: unusable,
    search: unusable,
    administration: {
      createAccounts: async () => undefined,
      disableAccount: async () => undefined,
      deleteAccount: async () => undefined,
    },
    resources: async () => [],
  };
}

function fakeDeployment(plan: DeployPlan, state: FakeLabState): Deployment {
  let gone = false;
  return {
    servers: ["a", "b", "c"].slice(0, plan.servers).map((id) => fakeServer(id, plan)),
    faults: { cutFederation: unusable, kill: unusable, pause: unusable },
    tls: fakeTls,
    images: [{ service: "fake", tag: "pruefstand/fake:0", digest: "sha256:0", packages: {} }],
    tookMs: 1,
    health: async () => state.broken,
    heal: async () => undefined,
    logs: async () => ({ "a-fake": "started\n" }),
    breakLab: async (fault) => {
      state.broken = [`the control applied ${fault}`];
    },
    starve: async () => undefined,
    async [Symbol.asyncDispose]() {
      if (!gone) state.up -= 1;
      gone = true;
    },
  };
}

function fakeLab(runId: string, state: FakeLabState): Lab {
  return {
    runId,
    prepare: async () => undefined,
    async deploy(plan) {
      await state.onDeploy(plan);
      plan.signal.throwIfAborted();
      state.deployed.push({ candidate: plan.candidate.id, config: plan.config, servers: plan.servers });
      state.up += 1;
      state.most = Math.max(state.most, state.up);
      return fakeDeployment(plan, state);
    },
    configDiff: async () => [],
    redact: (text) => [...state.secrets].reduce((clean, secret) => clean.replaceAll(secret, "[redacted]"), text),
    addSecret: (value) => void state.secrets.add(value),
    async [Symbol.asyncDispose]() {
      state.closed = true;
    },
  };
}

const fakeProbes = new Proxy({} as Driver["probes"], { get: () => unusable });

function fakeSession(person: Parameters<Driver["open"]>[1], inboxes: Map<string, ReceivedMessage[]>): Session {
  const inbox: ReceivedMessage[] = [];
  const end = Promise.withResolvers<{ readonly at: number }>();
  inboxes.set(person.address, inbox);
  const deliver = (conversation: Conversation, text: string): string => {
    const id = randomUUID();
    const message = { id, conversation: { kind: "direct" as const, id: person.address }, from: person.address };
    inboxes
      .get(destinationOf(conversation, person.address))
      ?.push({ ...message, text, encrypted: false, at: performance.now() });
    return id;
  };
  return {
    protocol: "xmpp",
    person,
    address: person.address,
    ended: end.promise,
    openDirect: async (peer) => ({ kind: "direct", id: peer, between: [person.address, peer] }),
    createGroup: unusable,
    invite: unusable,
    join: async () => undefined,
    leave: unusable,
    send: async (conversation, text) => ({ id: deliver(conversation, text), acknowledgedAt: performance.now() }),
    async received(predicate, { what, withinMs }) {
      const until = performance.now() + withinMs;
      for (;;) {
        const found = inbox.find(predicate);
        if (found !== undefined) return found;
        if (performance.now() > until) throw new HarnessError("deadline", `Waited in vain: ${what}.`);
        await new Promise(setImmediate);
      }
    },
    inbox: () => inbox,
    history: unusable,
    ping: async () => undefined,
    async [Symbol.asyncDispose]() {
      end.resolve({ at: performance.now() });
    },
  };
}

function fakeDrivers(): DriverSet {
  const inboxes = new Map<string, ReceivedMessage[]>();
  const driver: Driver = {
    id: "fake",
    protocol: "xmpp",
    open: async (_server, person) => fakeSession(person, inboxes),
    openForLoad: unusable,
    probes: fakeProbes,
    close: async () => undefined,
  };
  return {
    plain: async () => driver,
    openEncrypting: async (person) => fakeSession(person, inboxes),
    close: async () => undefined,
  };
}

export const fakeParts = (state: FakeLabState): RunParts => ({
  createLab: async (runId) => fakeLab(runId, state),
  createDrivers: fakeDrivers,
  load: fakeLoad,
  engineAnswers: async () => state.engineAnswers,
});
