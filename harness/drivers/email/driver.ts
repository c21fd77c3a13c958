import { HarnessError } from "../../model/errors.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import type { Driver } from "../../model/session.ts";
import { loadSessionOf } from "../load-adapter.ts";
import { Core } from "./core.ts";
import { endpointOf, imapLogin } from "./imap.ts";
import { probes } from "./probes.ts";
import { EmailSession, type KeyDirectory } from "./session.ts";
import { Tunnel } from "./tunnel.ts";

const openWithinMs = 30_000;

/**
 * E-mail with Delta Chat's core: one process per session, TLS by the harness (see tunnel.ts). `encrypting` leaves the core as it
 * ships: it refuses to send mail that is not encrypted.
 */
export function createEmailDriver({ encrypting = false }: { readonly encrypting?: boolean } = {}): Driver {
  const keys: KeyDirectory = new Map();
  const open = async (server: RunningServer, person: Person): Promise<EmailSession> => {
    // A wrong password is the server's own word here; the core only tells that it did not work.
    await imapLogin(server, person.address, person.password);
    await using opening = new AsyncDisposableStack();
    const { promise: hungUp, resolve } = Promise.withResolvers<Error>();
    const end = (): void => resolve(new HarnessError("disconnected", `${server.domain} ended the connection`));
    const incoming = opening.use(await Tunnel.open(endpointOf(server, "imap-tls"), server.ca, end));
    const outgoing = opening.use(await Tunnel.open(endpointOf(server, "smtp-tls"), server.ca));
    const core = opening.use(await Core.start());
    const session = new EmailSession(person, { core, tunnels: [incoming, outgoing], hungUp }, keys);
    try {
      await core.call("add_or_update_transport", accountOf(person, incoming.port, outgoing.port));
    } catch (cause) {
      const fault = incoming.fault ?? outgoing.fault ?? (cause as Error);
      throw new HarnessError("disconnected", `expected the core to set up ${person.address}: ${fault.message}`, {
        cause,
      });
    }
    // As with several devices: with one the core empties the mailbox, and a search on the server would prove nothing.
    await core.call("set_config", "bcc_self", "1");
    // Receipts are mails of their own: they would only cost time here.
    await core.call("set_config", "mdns_enabled", "0");
    if (!encrypting) await session.allowPlain();
    // What comes before the core has looked into the mailbox for the first time counts as old and is never shown.
    const watching = core.until("ImapInboxIdle", openWithinMs);
    await core.call("start_io");
    await watching;
    await session.publishKey();
    opening.move();
    return session;
  };

  return {
    id: "email",
    protocol: "email",
    open,
    openForLoad: async (server, person) => loadSessionOf(await open(server, person)),
    probes,
    // Every core and every tunnel belongs to a session.
    close: () => Promise.resolve(),
  };
}

/** Everything is given, so that the core asks no name server and no directory of providers. */
function accountOf({ address, password }: Person, imapPort: number, smtpPort: number): object {
  const place = "127.0.0.1";
  return {
    addr: address,
    password,
    imapServer: place,
    imapPort,
    imapFolder: null,
    imapSecurity: "plain",
    imapUser: address,
    smtpServer: place,
    smtpPort,
    smtpSecurity: "plain",
    smtpUser: address,
    smtpPassword: password,
    certificateChecks: "strict",
    oauth2: false,
  };
}
