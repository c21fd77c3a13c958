import type net from "node:net";
import { drip, endless, onText, reset, type Script } from "./endpoint.ts";

// STAND-IN. A client's server that behaves up to one point and then does one of these things.

type Hostility = (socket: net.Socket) => void | Promise<void>;

const once =
  (text: string | Buffer): Hostility =>
  (socket) =>
    void socket.write(text);

const entities = Array.from({ length: 9 }, (_, at) => `<!ENTITY e${at + 1} "${`&e${at};`.repeat(10)}">`).join("");

export const xmppHostilities: Readonly<Record<string, Hostility>> = {
  silence: () => undefined,
  "a closed connection": (socket) => void socket.end(),
  "a reset connection": reset,
  "bytes that drip": (socket) => drip(socket, "<message><body>"),
  "white space without end": (socket) => endless(socket, " ".repeat(16_384)),
  "a text without end": (socket) => {
    socket.write("<message><body>");
    return endless(socket, "x".repeat(16_384));
  },
  "an attribute without end": (socket) => {
    socket.write("<message from='");
    return endless(socket, "x".repeat(16_384));
  },
  "a name without end": (socket) => {
    socket.write("<");
    return endless(socket, "x".repeat(16_384));
  },
  "elements without end inside each other": (socket) => endless(socket, "<a>".repeat(5_000)),
  "tags begun and never ended": (socket) => endless(socket, "<iq".repeat(5_000)),
  "answers begun and never ended": (socket) => endless(socket, "<iq type='result'>".repeat(1_000)),
  "errors begun and never ended": (socket) => endless(socket, "<failure ".repeat(2_000)),
  "stanzas without end": (socket) => {
    let count = 0;
    const some = (): string =>
      Array.from(
        { length: 200 },
        () =>
          `<message from='m${(count += 1)}@a.test/x' id='i${count}' type='groupchat'><body>${count}</body></message>`,
      ).join("");
    return endless(socket, some);
  },
  "presences without end": (socket) => {
    let count = 0;
    const some = (): string =>
      Array.from(
        { length: 200 },
        () =>
          `<presence from='r${(count += 1)}@muc/n'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='j@a.test'/></x></presence>`,
      ).join("");
    return endless(socket, some);
  },
  "requests without end, answers never read": (socket) => {
    socket.removeAllListeners("data");
    socket.pause();
    return endless(
      socket,
      "<iq type='get' id='p' from='a.pruefstand.test'><ping xmlns='urn:xmpp:ping'/></iq>".repeat(200),
    );
  },
  "requests for acknowledgements without end": (socket) => endless(socket, "<r xmlns='urn:xmpp:sm:3'/>".repeat(500)),
  "a wide element": once(`<message>${"<a/>".repeat(2_000_000)}</message>`),
  "a hundred thousand attributes": once(
    `<message ${Array.from({ length: 100_000 }, (_, at) => `a${at}='1'`).join(" ")}/>`,
  ),
  "an entity bomb": once(`<!DOCTYPE x [<!ENTITY e0 "ha">${entities}]><message><body>&e9;</body></message>`),
  "an address that cannot be decoded": once(
    "<message from='b@a.test' type='chat'><body>x</body><x xmlns='jabber:x:oob'><url>https://a.test/%zz%</url></x></message>",
  ),
  "an unknown entity": once("<message from='a@b'><body>&bomb;</body></message>"),
  "invalid UTF-8": once(
    Buffer.concat([
      Buffer.from("<message><body>"),
      Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0]),
      Buffer.from("</body></message>"),
    ]),
  ),
  "tags that do not fit": once("<message><body></message></body></message>"),
  "a closing tag too many": once("</message></message></message></message>"),
  "a comment": once("<!-- no --><message/>"),
  "no XML": once("HTTP/1.1 400 Bad Request\r\n\r\n"),
  "counters that are no numbers": once(
    "<a xmlns='urn:xmpp:sm:3' h='NaN'/><a xmlns='urn:xmpp:sm:3' h='-1'/><a xmlns='urn:xmpp:sm:3' h='1e400'/><a xmlns='urn:xmpp:sm:3'/>",
  ),
};

/** How far the stand-in is an ordinary server. */
export const xmppStages = ["greeting", "login", "session"] as const;
export type XmppStage = (typeof xmppStages)[number] | "question";

const header =
  "<?xml version='1.0'?><stream:stream id='s' from='a.pruefstand.test' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const mechanisms =
  "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
const bind = "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>";
const bound =
  "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@a.pruefstand.test/x</jid></bind></iq>";

/** Direct TLS, PLAIN, bind, an empty result for every request; from the stage on the hostility. */
export function xmppScript(hostility: Hostility, stage: XmppStage): Script {
  return (socket) => {
    let streams = 0;
    let turned = false;
    const turn = (): void => {
      turned = true;
      void Promise.resolve(hostility(socket)).catch(() => socket.destroy());
    };
    onText(socket, (text) => {
      if (turned) return;
      if (text.includes("<stream:stream")) {
        streams += 1;
        if (stage === "greeting") {
          socket.write(header);
          return turn();
        }
        socket.write(header + (streams === 1 ? mechanisms : bind));
      }
      if (stage === "question" && text.includes("<iq")) return turn();
      if (text.includes("<auth")) {
        if (stage === "login") return turn();
        socket.write("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
      }
      for (const [, id] of text.matchAll(/<iq[^<>]*\sid=["']([^"']+)["']/g)) {
        socket.write(id === "bind" ? bound : `<iq type='result' id='${id}'/>`);
      }
      if (text.includes("<presence")) turn();
    });
  };
}

/** What is done on a port for STARTTLS before any TLS. */
export const beforeTls =
  (hostility: Hostility): Script =>
  (socket) => {
    socket.resume();
    return hostility(socket);
  };
