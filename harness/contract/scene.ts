import { randomBytes } from "node:crypto";
import type { Candidate, ConfigName } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import type { Deployment, Lab } from "../model/lab.ts";
import type { BoundAdministration, Person, RunningServer } from "../model/server.ts";
import type { Conversation, Deadline, Driver, Session } from "../model/session.ts";
import { Breach } from "./outcome.ts";

/** Longest wait for something inside one server, and for something between two. */
const nearMs = 20_000;
const farMs = 45_000;

export const soon = (what: string): Deadline => ({ what, withinMs: nearMs });
export const across = (what: string): Deadline => ({ what, withinMs: farMs });
export const unique = (): string => randomBytes(6).toString("hex");

/** What the suite gets from whoever wires it: no driver and no lab is named in this folder. */
export interface ContractParts {
  readonly lab: Lab;
  driver(candidate: Candidate): Promise<Driver>;
  openEncrypting(person: Person, reaches: readonly RunningServer[]): Promise<Session>;
  readonly signal: AbortSignal;
}

/** Servers of one configuration with the people that earlier steps made. */
export class Scene {
  readonly candidate: Candidate;
  readonly config: ConfigName;
  readonly deployment: Deployment;
  readonly driver: Driver;
  readonly parts: ContractParts;
  readonly people = new Map<string, Person>();
  readonly sessions = new Map<string, Session>();
  /** The direct chat between Alice and Bob and a text in it, once delivered. */
  chat: { readonly conversation: Conversation; readonly text: string } | undefined;

  constructor(facts: Pick<Scene, "candidate" | "config" | "deployment" | "driver" | "parts">) {
    ({
      candidate: this.candidate,
      config: this.config,
      deployment: this.deployment,
      driver: this.driver,
      parts: this.parts,
    } = facts);
  }

  get server(): RunningServer {
    return present(this.deployment.servers[0], "a server");
  }

  /** The other authority's server; only where federation is claimed. */
  get partner(): RunningServer {
    return present(this.deployment.servers[1], "a second server");
  }

  claims(ability: Candidate["abilities"][number]): boolean {
    return this.candidate.abilities.includes(ability);
  }

  /** Makes an account and remembers the person under the role. */
  async create(role: string, server: RunningServer = this.server): Promise<Person> {
    const name = `${role}-${unique()}`;
    const password = randomBytes(18).toString("base64url");
    this.parts.lab.addSecret(password);
    await administer("createAccounts", () => server.administration.createAccounts([{ name, password }]));
    const address = this.candidate.protocol === "matrix" ? `@${name}:${server.domain}` : `${name}@${server.domain}`;
    const person = { name, password, server, address };
    this.people.set(role, person);
    return person;
  }

  person(role: string): Person {
    return present(this.people.get(role), role);
  }

  /** Logs a person in and keeps the session until the scene is over or another one takes its place. */
  async open(role: string): Promise<Session> {
    const person = this.person(role);
    const session = await this.driver.open(person.server, person, { reaches: this.deployment.servers });
    await this.sessions.get(role)?.[Symbol.asyncDispose]();
    this.sessions.set(role, session);
    return session;
  }

  session(role: string): Session {
    return present(this.sessions.get(role), `the session of ${role}`);
  }

  async closeSessions(): Promise<void> {
    await Promise.allSettled([...this.sessions.values()].map((session) => session[Symbol.asyncDispose]()));
    this.sessions.clear();
  }
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new HarnessError("harness-fault", `Expected ${what}, but no step has made it.`);
  return value;
}

/** Runs an administration function of the candidate: what it throws itself is the candidate's fault, not the bench's. */
export async function administer<T>(name: keyof BoundAdministration, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof HarnessError) throw error;
    throw new Breach(`administration.${name} threw ${String(error)}`);
  }
}

/** Sends a text from one session to the other in the direct chat of both, and waits until it is there. */
export async function exchange(from: Session, to: Session, deadline: Deadline): Promise<NonNullable<Scene["chat"]>> {
  const conversation = await from.openDirect(to.address);
  await to.join(conversation, deadline);
  const text = `Grüße <&> ${unique()}`;
  await from.send(conversation, text);
  const got = await to.received((message) => message.text === text, deadline);
  if (got.from !== from.address) throw new Breach(`the message came from ${got.from}`, `sender ${from.address}`);
  return { conversation, text };
}
