import type { LoadSession, ReceivedMessage, Session } from "../model/session.ts";

/** A session that hands every message on as it comes. */
interface Listening extends Session {
  onMessage(listener: (message: ReceivedMessage) => void): void;
}

/** An ordinary session used under load, for protocols without a leaner client. */
export function loadSessionOf(session: Listening): LoadSession {
  const listeners: ((body: string, at: number) => void)[] = [];
  session.onMessage(({ text, at }) => {
    for (const listener of listeners) listener(text, at);
  });
  return {
    address: session.address,
    ended: session.ended,
    prepare: (peer) => session.openDirect(peer.address),
    send: async (conversation, body) => (await session.send(conversation, body)).acknowledgedAt,
    onMessage: (listener) => void listeners.push(listener),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}
