import type { Page } from "playwright-core";
import { HarnessError } from "../../model/errors.ts";
import type { Deadline } from "../../model/session.ts";
import type { ShownSurroundings } from "../../model/surroundings.ts";
import { elapsed } from "../conditions.ts";

/** What `page/plugin.js` reports. Everything in it may be hostile text. */
export type PageEvent =
  | { readonly type: "loaded" | "omemo-ready" | "disconnected" }
  | { readonly type: "status"; readonly status: number; readonly text: string }
  | { readonly type: "handled"; readonly id: string }
  | { readonly type: "undecryptable"; readonly text: string }
  | {
      readonly type: "message";
      readonly id: string;
      /** Address of the sender; in a group its real one where the room shows it. */
      readonly from: string;
      /** The room of a group message. */
      readonly room?: string;
      readonly text: string;
      readonly encrypted: boolean;
      readonly oobUrl?: string;
    };

/** What a sending function gives back: the stanza, or what Converse told its user. */
export type SendOutcome =
  | {
      readonly id: string;
      readonly encrypted: boolean;
      readonly url?: string;
      readonly error?: undefined;
      readonly lacks?: undefined;
    }
  | { readonly error: string; readonly lacks?: undefined }
  | { readonly lacks: string; readonly error?: undefined };

export type Decided = Readonly<Record<"trusted" | "undecided" | "untrusted", readonly string[]>>;

export type FileOutcome = { readonly base64: string; readonly error?: undefined } | { readonly error: string };

/** The functions `page/plugin.js` puts into the page. */
export interface BenchFunctions {
  start(settings: Readonly<Record<string, unknown>>): Promise<void>;
  openDirect(peer: string): Promise<void>;
  encryptWith(peer: string): Promise<"no-keys" | "lock-unusable" | "active">;
  /** True once the peer sent something encrypted that was decrypted: the session with its device is complete. */
  hasAnswered(peer: string): Promise<boolean>;
  send(peer: string, text: string, encrypted: boolean): Promise<SendOutcome>;
  /** `type` is a MIME type; without `encrypted` as into a plain chat. */
  sendFile(
    peer: string,
    name: string,
    bytes: readonly number[],
    type?: string,
    encrypted?: boolean,
  ): Promise<SendOutcome>;
  distrustNew(jid: string): Promise<void>;
  ownFingerprints(): Promise<readonly string[]>;
  /** Fingerprints of a person's devices by what is decided about them, before and after the decision. */
  decideOn(jid: string, same: readonly string[]): Promise<{ readonly before: Decided; readonly after: Decided }>;
  /** Empty when done, else the room's answer. */
  describeGroup(room: string, name: string, topic: string): Promise<string>;
  setPicture(base64: string): Promise<void>;
  /** False until the message is on the screen. */
  react(peer: string, id: string, emoji: string, encrypted: boolean): Promise<boolean>;
  reply(peer: string, id: string, text: string, encrypted: boolean): Promise<SendOutcome>;
  markRead(peer: string, id: string, encrypted: boolean): Promise<void>;
  /** Does now what the client would do within a minute. */
  finishPending(): Promise<void>;
  shown(peer: string): Promise<ShownSurroundings>;
  /** Undefined until Converse has shown the file. */
  decryptedFile(peer: string, url: string): Promise<FileOutcome | undefined>;
  download(url: string): Promise<FileOutcome>;
  /** A protocol extension without which this client does not work, and which the server lacks; empty if there is none. */
  lacks(): Promise<string>;
  /** The answer of the server, serialised; empty when none came. */
  ping(): Promise<string>;
  logout(): Promise<void>;
  enterGroup(jid: string, create: boolean): Promise<void>;
  /** "in", or what is awaited. */
  groupState(jid: string): Promise<string>;
  /** The room's answer, serialised; empty when none came. */
  setAffiliation(room: string, jid: string, affiliation: string): Promise<string>;
  reachable(room: string, people: readonly string[]): Promise<readonly string[]>;
  openUntouched(jid: string): Promise<boolean>;
  warnings(jid: string): Promise<readonly string[]>;
  withhold(): Promise<void>;
  /** True once the message of this id was kept from the client. */
  withheld(id: string): Promise<boolean>;
  deliverAgain(): Promise<void>;
  injectStanza(chat: string, xml: string, id: string): Promise<string | null>;
  /** Number of the copy. */
  steal(): Promise<number>;
  keysKept(copy: number): Promise<number>;
  readStolen(copy: number, from: string, room: string | null, xml: string): Promise<string | null>;
  /** Bare address of an occupant; empty where the room does not show it. */
  realAddress(occupant: string): Promise<string>;
  /** Stanzas of an archive, newest last, serialised. */
  archived(archive: string, limit: number): Promise<readonly { readonly at: string; readonly xml: string }[]>;
  /** Empty when done, "none" without such a setting, else the room's answer. */
  setArchiving(room: string, on: boolean): Promise<string>;
  befriend(jid: string): Promise<void>;
  /** Different devices in the lists of both OMEMO versions. */
  deviceCount(jid: string): Promise<number>;
  deviceId(): Promise<string>;
  version(): Promise<string>;
}

/** Calls a function in the page. Throws `deadline`, or `harness-fault` for an exception in the page. */
export async function callPage<Name extends keyof BenchFunctions>(
  page: Page,
  deadline: Deadline,
  name: Name,
  ...args: Parameters<BenchFunctions[Name]>
): Promise<Awaited<ReturnType<BenchFunctions[Name]>>> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(elapsed(deadline)), deadline.withinMs);
  try {
    return await Promise.race([evaluate<Awaited<ReturnType<BenchFunctions[Name]>>>(page, name, args), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

type Bench = Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;

async function evaluate<T>(page: Page, name: string, args: readonly unknown[]): Promise<T> {
  try {
    return (await page.evaluate(
      ([functionName, values]) =>
        (window as unknown as { readonly bench: Bench }).bench[functionName]?.(...values) as unknown,
      [name, args] as const,
    )) as T;
  } catch (error) {
    throw new HarnessError("harness-fault", `Converse.js page, ${name}(): ${String(error).slice(0, 2048)}`, {
      cause: error,
    });
  }
}
