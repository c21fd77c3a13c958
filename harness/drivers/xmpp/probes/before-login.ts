import type { RunningServer } from "../../../model/server.ts";
import { HarnessError } from "../../../model/errors.ts";
import { c2sHeader, featuresEnd, RawStream } from "../raw-stream.ts";
import { negotiateOn } from "../secure-socket.ts";
import { clientTarget } from "../targets.ts";

/** What a server says over verified TLS to somebody who has not logged in. */
export interface BeforeLogin extends Disposable {
  readonly features: string;
  /** Sends text; the answer up to the pattern, or what the end of the stream gave. Throws `deadline` on silence. */
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
      ask: (request, pattern) => ask(server, stream, request, pattern),
      [Symbol.dispose]: () => stream.close(),
    };
  } catch (error) {
    stream.close();
    throw error;
  }
}

const answerWithinMs = 3_000;

/**
 * A server may answer, end the stream (RFC 6120, 7.1: not-authorized), close without a word, or ignore what comes before the
 * login. Only for the last do we close the stream: the closing tag is answered after everything before it. Closing at once
 * could make the system throw the answer away.
 */
async function ask(server: RunningServer, stream: RawStream, request: string, pattern: RegExp): Promise<string> {
  stream.forget();
  stream.write(request);
  let heard = await stream.hear(pattern, answerWithinMs);
  if (heard.ending === "silent") {
    stream.write("</stream:stream>");
    heard = await stream.hear(/<\/stream:stream>/, answerWithinMs);
  }
  if (heard.ending === "silent") {
    throw new HarnessError("deadline", `expected ${server.domain} to answer before login, got nothing`);
  }
  if (heard.text !== "") return heard.text;
  // A new stream shows that the server is alive: then it was its own decision to close this one.
  (await beforeLogin(server))[Symbol.dispose]();
  return "closed without a word";
}

// "<" ends every class: a text of tags that are begun and never ended must not be looked through again from each of them.
export const answered = /<iq[^<>]*\/>|<\/iq>|<\/stream:error>|<\/stream:stream>/;

/** Sends an iq without having logged in; the server's words. */
export async function askIq(server: RunningServer, iq: string): Promise<string> {
  using stream = await beforeLogin(server);
  // Awaited here: the stream is closed when this function is left.
  return await stream.ask(iq, answered);
}

export const isResult = (text: string): boolean => /<iq[^<>]*type=['"]result['"]/.test(text);
