import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { HarnessError } from "../../model/errors.ts";

// Delta Chat's core in a process of its own, one per session, spoken to in JSON-RPC over standard input and output (one object
// a line). The core is a separate program under MPL-2.0 (docs/decisions/011-chatmail-core.md).

const answerWithinMs = 60_000;
/** A line is an answer or a batch of events; more than this is not kept in memory. */
const maxLine = 16 * 1024 * 1024;
const endWithinMs = 5_000;
const maxWords = 4_096;

/** What the core reports about itself; `kind` decides which other fields there are. */
export interface CoreEvent {
  readonly kind: string;
  readonly chatId?: number;
  readonly msgId?: number;
  readonly msg?: string;
}

interface Asked {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message?: string };
}

/** The program of this machine's platform. Throws `environment` where the package was not installed. */
function corePath(): string {
  const name = `@deltachat/stdio-rpc-server-${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new HarnessError("environment", `expected the package ${name} to be installed, it is not`, {
      cause,
      hint: "It is an optional dependency: run `npm install` without --omit=optional.",
    });
  }
}

/** A running core with one account. Its folder is removed with it. */
export class Core implements AsyncDisposable {
  /** Where keys, database and files of this session lie. */
  readonly folder: string;
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #asked = new Map<number, Asked>();
  readonly #listeners = new Set<(event: CoreEvent) => void>();
  #account = 0;
  #last = 0;
  #pending = "";
  #words = "";
  #over = false;

  private constructor(folder: string) {
    this.folder = folder;
    this.#process = spawn(corePath(), [], {
      // Nothing of the harness's environment: no proxy, no other account folder.
      env: { DC_ACCOUNTS_PATH: join(folder, "accounts"), RUST_LOG: "off" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.exited = new Promise((resolve) => {
      this.#process.once("error", (error) => {
        this.#words = error.message;
        resolve();
      });
      this.#process.once("exit", () => resolve());
    });
    void this.exited.then(() => this.#end());
    this.#process.stdin.on("error", () => undefined);
    this.#process.stdout.setEncoding("utf8").on("data", (chunk: string) => this.#read(chunk));
    this.#process.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      this.#words = (this.#words + chunk).slice(-maxWords);
    });
  }

  /** A core with an empty account. */
  static async start(): Promise<Core> {
    const folder = await mkdtemp(join(tmpdir(), "pruefstand-core-"));
    const core = new Core(folder);
    try {
      core.#account = (await core.#request("add_account", [])) as number;
      void core.#pump();
      return core;
    } catch (error) {
      await core[Symbol.asyncDispose]();
      throw error;
    }
  }

  #end(): void {
    this.#over = true;
    const error = new HarnessError("lab-fault", `expected the core to run, it ended: ${this.#words.slice(-500)}`);
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }

  #read(chunk: string): void {
    const lines = (this.#pending + chunk).split("\n");
    this.#pending = lines.pop() ?? "";
    if (this.#pending.length > maxLine) this.#process.kill("SIGKILL");
    for (const line of lines) if (line !== "") this.#handle(JSON.parse(line) as Answer);
  }

  #handle({ id, result, error }: Answer): void {
    const asked = this.#asked.get(id ?? 0);
    this.#asked.delete(id ?? 0);
    if (error === undefined) asked?.resolve(result);
    // The client's word, not the server's: never a refusal.
    else asked?.reject(new HarnessError("harness-fault", `the core says: ${(error.message ?? "").slice(0, 2_000)}`));
  }

  async #request(method: string, params: readonly unknown[], withinMs?: number): Promise<unknown> {
    if (this.#over) throw new HarnessError("lab-fault", "expected the core to run, it has ended");
    const id = ++this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#asked.set(id, { resolve, reject });
    this.#process.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    if (withinMs === undefined) return promise;
    const late = new HarnessError("deadline", `Waited ${withinMs} ms in vain for the core to answer ${method}.`);
    const timer = setTimeout(() => reject(late), withinMs);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#asked.delete(id);
    });
  }

  /** Hands events on until the process ends. */
  async #pump(): Promise<void> {
    try {
      while (!this.#over) {
        const batch = (await this.#request("get_next_event_batch", [])) as readonly { readonly event: CoreEvent }[];
        for (const { event } of batch) for (const listener of this.#listeners) listener(event);
      }
    } catch {
      // The process is over; `exited` says so.
    }
  }

  onEvent(listener: (event: CoreEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves with the next event of a kind. Throws `deadline`, or `lab-fault` when the core ends before. */
  until(kind: string, withinMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.onEvent((event) => {
      if (event.kind === kind) resolve(undefined);
    });
    const late = new HarnessError("deadline", `Waited ${withinMs} ms in vain for the core to report ${kind}.`);
    const timer = setTimeout(() => reject(late), withinMs);
    void this.exited.then(() => reject(new HarnessError("lab-fault", `the core ended before it reported ${kind}`)));
    // Looked at only after the call that leads to it.
    promise.catch(() => undefined);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Calls a function of the core for this account. Throws `harness-fault` with the core's words, `deadline`, `lab-fault`. */
  async call<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    return (await this.#request(method, [this.#account, ...params], answerWithinMs)) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) {
      this.#process.stdin.end();
      const timer = setTimeout(() => this.#process.kill("SIGKILL"), endWithinMs);
      await this.exited;
      clearTimeout(timer);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
