import net from "node:net";
import tls from "node:tls";
import { HarnessError } from "../model/errors.ts";
import type { OldTlsVersion } from "../model/hostile.ts";
import { outdated } from "./outdated-tls.ts";

// A byte stream to or from a server that is not trusted: text up to a bound, read with regular expressions only.

const maxText = 1024 * 1024;
const handshakeMs = 20_000;

/** What a stand-in shows of itself and whom it believes. PEM texts. */
export interface Identity {
  readonly chain: string;
  readonly key: string;
  readonly ca: string;
}

export type Ending = "matched" | "closed" | "silent";

export interface Heard {
  readonly ending: Ending;
  readonly text: string;
}

export class TextStream {
  #socket: net.Socket;
  #text = "";
  #closed = false;
  #changed = Promise.withResolvers<void>();
  readonly #onText: ((text: string) => void) | undefined;

  constructor(socket: net.Socket, onText?: (text: string) => void) {
    this.#socket = socket;
    this.#onText = onText;
    this.#listen(socket);
  }

  /** Connects, or throws `lab-fault`: a port that was there a moment ago is not the server's refusal. */
  static async connect(host: string, port: number): Promise<TextStream> {
    const socket = net.connect({ host, port, noDelay: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("connect", resolve).once("error", reject);
    try {
      await promise;
    } catch (cause) {
      throw new HarnessError("lab-fault", `expected ${host}:${port} to accept, got: ${(cause as Error).message}`, {
        cause,
      });
    }
    socket.off("error", reject);
    return new TextStream(socket);
  }

  #listen(socket: net.Socket): void {
    socket.on("data", (data: Buffer) => {
      const text = data.toString("utf8");
      this.#text = (this.#text + text).slice(-maxText);
      this.#onText?.(text);
      this.#wake();
    });
    const end = (): void => {
      this.#closed = true;
      this.#wake();
    };
    socket.once("error", end).once("end", end).once("close", end);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** Nothing happens on a stream that is over: the caller sees it by what it hears. */
  write(data: string | Uint8Array): void {
    if (!this.#socket.destroyed && this.#socket.writable) this.#socket.write(data);
  }

  forget(): void {
    this.#text = "";
  }

  async hear(pattern: RegExp, withinMs: number): Promise<Heard> {
    const end = performance.now() + withinMs;
    for (;;) {
      if (pattern.test(this.#text)) return { ending: "matched", text: this.#text };
      if (this.#closed) return { ending: "closed", text: this.#text };
      const left = end - performance.now();
      if (left <= 0) return { ending: "silent", text: this.#text };
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, left);
      await Promise.race([this.#changed.promise, late.promise]);
      clearTimeout(timer);
    }
  }

  /**
   * TLS as the connecting side; the server's certificate is verified for `servername`. Rejects when the handshake fails, with
   * `lab-fault` when nothing comes of it.
   */
  async secure(identity: Identity, servername: string, onlyTls?: OldTlsVersion): Promise<void> {
    this.#socket.removeAllListeners();
    const { chain: cert, key, ca } = identity;
    const versions = onlyTls === undefined ? ({ minVersion: "TLSv1.2" } as const) : outdated(onlyTls);
    const secured = tls.connect({ socket: this.#socket, servername, cert, key, ca, ...versions });
    await this.#handshake(secured, "secureConnect");
  }

  /** TLS as the accepting side; the other one has to show a certificate of the run's authority. */
  async accept({ chain: cert, key, ca }: Identity, onlyTls?: OldTlsVersion): Promise<void> {
    this.#socket.removeAllListeners();
    const versions = onlyTls === undefined ? {} : outdated(onlyTls);
    const secured = new tls.TLSSocket(this.#socket, { isServer: true, cert, key, ca, requestCert: true, ...versions });
    await this.#handshake(secured, "secure");
  }

  async #handshake(secured: tls.TLSSocket, event: "secure" | "secureConnect"): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const closed = (): void =>
      reject(Object.assign(new Error("closed during the TLS handshake"), { code: "ECONNRESET" }));
    const silent = setTimeout(() => {
      reject(new HarnessError("lab-fault", `expected the TLS handshake to end within ${handshakeMs} ms, it did not`));
      secured.destroy();
    }, handshakeMs);
    secured
      .once(event, () => resolve())
      .once("error", reject)
      .once("close", closed);
    await promise.finally(() => {
      clearTimeout(silent);
      secured.off("error", reject).off("close", closed);
    });
    this.#socket = secured;
    this.forget();
    this.#listen(secured);
  }

  close(): void {
    this.#socket.destroy();
    this.#closed = true;
    this.#wake();
  }
}
