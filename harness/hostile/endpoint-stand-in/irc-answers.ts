import type net from "node:net";
import { drip, endless, onText, reset, type Script } from "./endpoint.ts";

// STAND-IN. An IRC server that behaves up to one point and then does one of these things.

type Hostility = (socket: net.Socket) => void | Promise<void>;

const once =
  (text: string | Buffer): Hostility =>
  (socket) =>
    void socket.write(text);

export const ircHostilities: Readonly<Record<string, Hostility>> = {
  silence: () => undefined,
  "a closed connection": (socket) => void socket.end(),
  "a reset connection": reset,
  "bytes that drip": (socket) => drip(socket, ":x PRIVMSG "),
  "a line without end": (socket) => endless(socket, "x".repeat(16_384)),
  "a tag without end": (socket) => {
    socket.write("@");
    return endless(socket, "a=b;".repeat(4_000));
  },
  "messages without end": (socket) => endless(socket, `:bob!b@h PRIVMSG alice :${"x".repeat(400)}\r\n`.repeat(40)),
  "invitations without end": (socket) => {
    let count = 0;
    const some = (): string =>
      Array.from({ length: 500 }, () => `:bob INVITE alice #c${(count += 1)}-${"x".repeat(300)}\r\n`).join("");
    return endless(socket, some);
  },
  "pings without end, answers never read": (socket) => {
    socket.removeAllListeners("data");
    socket.pause();
    return endless(socket, `PING :${"x".repeat(400)}\r\n`.repeat(40));
  },
  "empty lines without end": (socket) => endless(socket, "\r\n".repeat(8_000)),
  "invalid UTF-8": once(Buffer.from([0x3a, 0xff, 0xfe, 0xc0, 0x80, 0x0d, 0x0a])),
  "control characters": once("\0\u0001\u001b[2J:\r\n@\r\n:\r\n @ : \r\n"),
  "no IRC": once("HTTP/1.1 400 Bad Request\r\n\r\n"),
};

export const ircStages = ["greeting", "session"] as const;
export type IrcStage = (typeof ircStages)[number];

/** Capabilities, SASL and a welcome; from the stage on the hostility. */
export function ircScript(hostility: Hostility, stage: IrcStage): Script {
  return (socket) => {
    const turn = (): void => void Promise.resolve(hostility(socket)).catch(() => socket.destroy());
    if (stage === "greeting") {
      socket.resume();
      return turn();
    }
    onText(socket, (text) => {
      if (text.includes("CAP REQ")) socket.write(":s CAP * ACK :sasl\r\n");
      if (text.includes("AUTHENTICATE :PLAIN")) socket.write("AUTHENTICATE +\r\n");
      else if (text.includes("AUTHENTICATE")) socket.write(":s 903 alice :ok\r\n");
      if (text.includes("CAP :END")) {
        socket.write(":s 001 alice :welcome\r\n");
        turn();
      }
    });
  };
}
