import type { RunningServer } from "../../../model/server.ts";
import { HarnessError } from "../../../model/errors.ts";
import { c2sHeader, featuresEnd, RawStream } from "../raw-stream.ts";
import { negotiateOn } from "../secure-socket.ts";
import { clientTarget } from "../targets.ts";

/** What a server says over verified TLS to somebody who has not logged in. */
export interface BeforeLogin extends Disposable {
  readonly features: string;
  /** Sends text and returns everything up to the pattern or the end of the stream. Throws `deadline` on silence. */
  ask(text: string, pattern: RegExp): Promise<string>;
}

/** Opens a stream over TLS and stops before the login. */
export async function beforeLogin(server: RunningServer): Promise<BeforeLogin> {
  const target = clientTarget(server);
  const stream = RawStream.connect(target);
  try {
    if (!target.direct) await stream.through((socket) => negotiateOn(socket, target.servername));
    await stream.secure(target);
    stream.write(c2sHeader(server.domain));
    const { ending, text } = await stream.hear(featuresEnd, 10_000);
    if (ending !== "matched")
      throw new HarnessError("disconnected", `expected features of ${server.domain}, got: ${ending}`);
    return {
      features: text,
      async ask(request, pattern) {
        stream.forget();
        stream.write(request);
        const heard = await stream.hear(pattern, 10_000);
        if (heard.ending === "silent") {
          throw new HarnessError(
            "deadline",
            `expected ${server.domain} to answer before login within 10 s, got nothing`,
          );
        }
        return heard.text;
      },
      [Symbol.dispose]: () => stream.close(),
    };
  } catch (error) {
    stream.close();
    throw error;
  }
}

/**
 * Asks an iq before the login. A closing stream tag behind it makes a server that ignores it answer too. Servers end the
 * stream (RFC 6120, 7.1: not-authorized) or send an error; both are refusals.
 */
export async function askIq(server: RunningServer, iq: string): Promise<string> {
  using stream = await beforeLogin(server);
  return stream.ask(`${iq}</stream:stream>`, /<\/stream:stream>/);
}

export const isResult = (text: string): boolean => /<iq[^>]*type=['"]result['"]/.test(text);
