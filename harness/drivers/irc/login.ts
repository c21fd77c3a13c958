import { HarnessError } from "../../model/errors.ts";
import type { RunningServer } from "../../model/server.ts";
import { IrcConnection } from "./connection.ts";

const capabilities = "sasl message-tags labeled-response echo-message server-time batch draft/chathistory";
/** RPL_SASLSUCCESS, and what says no (904 wrong, 905 too long, 906 aborted, 907 already, 908 other mechanisms, 902 locked). */
const saslEnd = ["903", "902", "904", "905", "906", "907", "908", "FAIL"];

/** These decide nothing about name and password: our message was too long (905), out of turn (906, 907). */
const ourFault = ["905", "906", "907"];

/** Logs in with SASL PLAIN over TLS. Throws `refused` with the server's words, `disconnected`, `deadline`. */
export async function logIn(
  server: RunningServer,
  name: string,
  password: string,
  withinMs?: number,
): Promise<IrcConnection> {
  const end = performance.now() + (withinMs ?? Infinity);
  const connection = await IrcConnection.open(server, withinMs);
  const left = (): number | undefined => (withinMs === undefined ? undefined : Math.max(1, end - performance.now()));
  try {
    connection.send("CAP", ["REQ", capabilities]);
    connection.send("NICK", [name]);
    connection.send("USER", [name, "0", "*", name]);
    const granted = await connection.next(
      "an answer about capabilities",
      ({ command, params }) => command === "CAP" && ["ACK", "NAK"].includes(params[1] ?? ""),
      left(),
    );
    if (granted.params[1] !== "ACK") {
      throw new HarnessError(
        "unsupported",
        `expected the capabilities ${capabilities}, got ${granted.params.join(" ")}`,
      );
    }
    const asked = connection.next(
      "a SASL challenge",
      ({ command }) => command === "AUTHENTICATE" || saslEnd.includes(command),
      left(),
    );
    connection.send("AUTHENTICATE", ["PLAIN"]);
    await asked;
    const ended = connection.next(
      "the end of SASL",
      ({ command }) => saslEnd.includes(command) || command === "ERROR",
      left(),
    );
    connection.send("AUTHENTICATE", [Buffer.from(`${name}\0${name}\0${password}`).toString("base64")]);
    const { command, params } = await ended;
    if (command !== "903") {
      const words = `expected SASL PLAIN of ${name} to succeed, got ${command} ${params.slice(1).join(" ")}`;
      const code = ourFault.includes(command) ? "harness-fault" : "refused";
      throw new HarnessError(code, words.slice(0, 500), { context: { condition: command, sasl: true } });
    }
    const welcomed = connection.next("the welcome", (line) => ["001", "433", "ERROR"].includes(line.command), left());
    connection.send("CAP", ["END"]);
    const welcome = await welcomed;
    if (welcome.command !== "001") {
      // Name and password were taken; that somebody else is called so now is no refusal of the account.
      const code = welcome.command === "433" ? "lab-fault" : "refused";
      throw new HarnessError(
        code,
        `expected a welcome, got ${welcome.command} ${welcome.params.join(" ")}`.slice(0, 500),
      );
    }
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}
