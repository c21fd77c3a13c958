import { connect } from "node:net";
import type { Endpoint } from "../model/server.ts";

const withinMs = 10_000;
const limitBytes = 64 * 1024;

/** What features without encryption say about STARTTLS (RFC 6120, 5.4.1); undefined while they are not complete. */
export function offersStartTls(heard: string): boolean | undefined {
  const features = /<stream:features[^>]*\/>|<stream:features[\s\S]*?<\/stream:features>/.exec(heard)?.[0];
  return features?.includes("urn:ietf:params:xml:ns:xmpp-tls");
}

/**
 * Whether an XMPP port is up and offers no STARTTLS at all. The scanner says the same of a server that hung up on it; only
 * complete features without the offer are the server's own word.
 */
export function lacksStartTls({ host, port, servername, kind }: Endpoint): Promise<boolean> {
  const namespace = kind === "xmpp-server" ? "jabber:server" : "jabber:client";
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let heard = "";
    const settle = (lacks: boolean): void => {
      socket.destroy();
      resolve(lacks);
    };
    socket.setTimeout(withinMs, () => settle(false));
    socket.once("error", () => settle(false)).once("close", () => settle(false));
    socket.once("connect", () => {
      socket.write(
        `<?xml version='1.0'?><stream:stream to='${servername}' version='1.0' xmlns='${namespace}' xmlns:stream='http://etherx.jabber.org/streams'>`,
      );
    });
    socket.on("data", (data: Buffer) => {
      heard += data.toString("utf8");
      const offers = offersStartTls(heard);
      if (offers !== undefined) settle(!offers);
      else if (heard.length > limitBytes) settle(false);
    });
  });
}
