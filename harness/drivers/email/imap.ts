import { HarnessError } from "../../model/errors.ts";
import type { Endpoint, EndpointKind, RunningServer } from "../../model/server.ts";
import { LineConnection } from "./lines.ts";

/** Throws `unsupported` where the server does not offer it. */
export function endpointOf(server: RunningServer, kind: EndpointKind): Endpoint {
  const endpoint = server.endpoint(kind);
  if (endpoint === undefined) throw new HarnessError("unsupported", `${server.domain} declares no ${kind} endpoint`);
  return endpoint;
}

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/gu, "\\$&")}"`;

/** These say nothing about name and password (RFC 5530). */
const notNow = /\[(?:UNAVAILABLE|SERVERBUG|INUSE|LIMIT)\]/iu;

/**
 * IMAP LOGIN over verified TLS (RFC 9051, 6.2.3), then LOGOUT. Gives the server's words; throws `refused` with them,
 * `lab-fault` when the server says that it cannot tell now.
 */
export async function imapLogin(server: RunningServer, address: string, password: string): Promise<string> {
  await using connection = await LineConnection.tls(endpointOf(server, "imap-tls"), server.ca);
  await connection.next("the greeting of the IMAP server", (line) => line.startsWith("* OK"));
  connection.send(`a LOGIN ${quoted(address)} ${quoted(password)}`);
  const answer = await connection.next(
    "an answer to LOGIN",
    (line) => line.startsWith("a ") || line.startsWith("* BYE"),
  );
  const words = answer.slice(2, 500);
  if (!answer.startsWith("a OK")) {
    const code = notNow.test(answer) || answer.startsWith("* BYE") ? "lab-fault" : "refused";
    throw new HarnessError(code, `expected the login of ${address} to be accepted, got ${words}`, {
      context: { condition: /\[(\w+)\]/u.exec(words)?.[1] ?? "NO" },
    });
  }
  connection.send("b LOGOUT");
  return words;
}
