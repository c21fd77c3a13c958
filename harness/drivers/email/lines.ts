import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { HarnessError } from "../../model/errors.ts";
import type { Endpoint } from "../../model/server.ts";

const answerWithinMs = 30_000;
/** Answers of IMAP and SMTP are short; a server that sends more is not one we talk to. */
const maxPending = 64 * 1024;

/** A connection to a mail server, line by line, for what Delta Chat's core does not do. */
export class LineConnection implements AsyncDisposable {
  #socket: Socket;
  #pending = "";
  #over: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on("data", (chunk: Buffer) => {
      this.#pending += chunk.toString("latin1");
      if (this.#pending.length > maxPending) this.#socket.destroy(new Error("more than a line"));
      this.#wake?.();
    });
    const end = (error?: Error): void => {
      this.#over ??= new HarnessError(
        "disconnected",
        `the mail server ended the connection ${error?.message ?? ""}`.trim(),
      );
      this.#wake?.();
    };
    this.#socket.on("error", end).on("close", () => end());
  }

  /** Without TLS. Throws `disconnected`. */
  static async plain({ host, port }: Endpoint): Promise<LineConnection> {
    return new LineConnection(await opened(connectPlain({ host, port }), "connect", `port ${port}`));
  }

  /** Verified TLS from the first byte. Throws `disconnected`. */
  static async tls({ host, port, servername }: Endpoint, ca: string): Promise<LineConnection> {
    const socket = connectTls({ host, port, servername, ca, minVersion: "TLSv1.2" });
    return new LineConnection(await opened(socket, "secureConnect", `a verified TLS connection to ${servername}`));
  }

  send(line: string): void {
    this.#socket.write(`${line.replaceAll(/[\r\n\0]/gu, " ")}\r\n`);
  }

  /** The next line that is wanted; others before it are handed to it first and dropped. Throws `deadline`, `disconnected`. */
  async next(what: string, wanted: (line: string) => boolean): Promise<string> {
    const end = performance.now() + answerWithinMs;
    for (;;) {
      const at = this.#pending.indexOf("\n");
      if (at >= 0) {
        const line = this.#pending.slice(0, at).replace(/\r$/u, "");
        this.#pending = this.#pending.slice(at + 1);
        if (wanted(line)) return line;
        continue;
      }
      if (this.#over !== undefined) throw this.#over;
      const left = end - performance.now();
      if (left <= 0) throw new HarnessError("deadline", `Waited ${answerWithinMs} ms in vain: ${what}.`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    return Promise.resolve();
  }
}

async function opened<S extends Socket>(socket: S, event: string, what: string): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const fail = (error: Error): void => reject(error);
  socket.once(event, () => resolve(undefined)).once("error", fail);
  socket.once("close", () => fail(new Error("the connection was closed")));
  const timer = setTimeout(() => fail(new Error("no answer in time")), answerWithinMs);
  try {
    await promise;
    return socket;
  } catch (cause) {
    socket.destroy();
    throw new HarnessError("disconnected", `expected ${what}, got: ${(cause as Error).message}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
