import type { FileProbes } from "./files.ts";
import type { Witness } from "./hostile.ts";
import type { Person, RunningServer } from "./server.ts";
import type { Conversation, Session } from "./session.ts";

/**
 * Protocol-specific measurements behind protocol-neutral scenarios: each returns facts, judges nothing.
 * Every attempt ends as `refused` (the server said no, its words in `answer`), `accepted`, or `failed` (our side or the
 * network: never counted as a refusal).
 */
export interface Attempt {
  readonly what: string;
  readonly outcome: "accepted" | "refused" | "failed";
  /** What the server answered, bounded to 2 kB; for the evidence. May be hostile text. */
  readonly answer: string;
  readonly tookMs: number;
}

export interface PlaintextFacts {
  /** Attempts to authenticate and to deliver without TLS; `kind` tells which. */
  readonly attempts: readonly (Attempt & { readonly kind: "authenticate" | "deliver" })[];
  /** SASL mechanisms offered before TLS. */
  readonly saslBeforeTls: readonly string[];
  /** Dialback accepted before TLS; undefined where the protocol has none. */
  readonly dialbackBeforeTls: boolean | undefined;
  /** Plain http answers that carried content instead of a redirect or a refusal. */
  readonly httpContentResponses: number;
  /** Ports meant for inside only that the client network reaches; undefined where the open ports are not known. */
  readonly portsExposed: readonly string[] | undefined;
}

export interface LoginAttempt extends Attempt {
  /** True when the server blocked by rate or ban, not by password. */
  readonly blocked: boolean;
  /** Status or condition, e.g. "403 M_FORBIDDEN", "not-authorized". */
  readonly condition: string;
}

export interface UnauthenticatedReads {
  readonly media: readonly Attempt[];
  /** Made-up paths that lead out of the store; `accepted` = the answer held a file of the server's own system. */
  readonly strays: readonly Attempt[];
  readonly profiles: readonly Attempt[];
  /** Bits of randomness in the media address; undefined if none was issued. */
  readonly urlEntropyBits: number | undefined;
}

/** One administrator role, exercised: something it may do and something of a higher role it may not. */
export interface RoleFacts {
  readonly role: string;
  readonly allowed: Attempt;
  readonly denied: Attempt;
  /** Every administrative action that was allowed, by name: two roles that may the same are one. */
  readonly rights?: readonly string[];
}

export interface Probes {
  /** Logs in as a person with a client that keeps all it is given. */
  witness?(server: RunningServer, person: Person): Promise<Witness>;
  /** `count` attempts over all plain channels of the server. `person` has a valid account: only the missing TLS may be the reason for refusal. */
  plaintext(server: RunningServer, person: Person, peer: Person, count: number): Promise<PlaintextFacts>;
  /**
   * Methods of stream compression (XEP-0138) in the features of each stream over TLS, before and after a login; one entry for each
   * set of features that was read. Absent where the protocol has none.
   */
  streamCompression?(
    server: RunningServer,
    person: Person,
  ): Promise<readonly { readonly stream: string; readonly methods: readonly string[] }[]>;
  /** One login over TLS with these credentials, without any session kept. */
  login(server: RunningServer, name: string, password: string): Promise<LoginAttempt>;
  /** Administrative endpoints or commands called with an ordinary person's credentials. `count` calls. */
  adminAsOrdinary(server: RunningServer, person: Person, victim: Person, count: number): Promise<readonly Attempt[]>;
  /** Scanning and limits of uploads. Absent where the protocol has no uploads. */
  readonly files?: FileProbes;
  /** Tries to register without an account. `accepted` = an account exists and can log in. */
  selfRegistration(server: RunningServer, name: string, password: string): Promise<Attempt>;
  /** Reads an uploaded file and a profile without login. */
  unauthenticatedReads(server: RunningServer, owner: Person, uploadedUrl: string): Promise<UnauthenticatedReads>;
  /** Reads an uploaded file as a logged-in person who is not in the conversation. */
  readAsStranger(server: RunningServer, stranger: Person, uploadedUrl: string): Promise<Attempt>;
  /**
   * A device of the person asks to be told of new messages by a push service, as sparingly as the protocol lets a client ask;
   * then it goes away. `refused` = the server offers no push; an objection to the service is `failed`.
   */
  enablePush?(server: RunningServer, person: Person, service: string): Promise<Attempt>;
  /** Asks the server for previews of a page, by each way the protocol has; absent where servers make none. */
  linkPreviews?(server: RunningServer, person: Person, page: string): Promise<readonly Attempt[]>;
  /** Leaves personal data in the profile: display name, e-mail, vCard … Returns each planted value by name. */
  plantProfile(server: RunningServer, person: Person): Promise<Readonly<Record<string, string>>>;
  /** Time from an empty client to "ready to use" with what is in the account (login, roster/sync, catch-up), in milliseconds. */
  clientStart(
    server: RunningServer,
    person: Person,
  ): Promise<{ readonly readyMs: number; readonly conversations: number }>;
  /** Fills an account with conversations cheaply, for {@link clientStart}. */
  fillConversations(server: RunningServer, person: Person, count: number): Promise<readonly Conversation[]>;
  /** Acts as holder of a role: one thing the role allows, one it must not allow. `victim` is an account that may be changed. */
  exerciseRole?(server: RunningServer, holder: Person, role: string, victim: Person): Promise<RoleFacts>;
  /** Tries to sign up with an address of the allowed mail domain and with a foreign one; `accepted` = the server goes on with the sign-up. */
  domainBoundRegistration?(
    server: RunningServer,
    mailDomain: string,
  ): Promise<{ readonly own: Attempt; readonly foreign: Attempt }>;
  /**
   * In a group of both, the impostor takes one after the other of {@link lookalikesOf} the victim's shown name, by every way it
   * has; then it changes the name it shows itself. `accepted` = the other one is shown that name.
   */
  takeLookalikes?(
    server: RunningServer,
    victim: Person,
    impostor: Person,
    count: number,
  ): Promise<{ readonly names: readonly Attempt[]; readonly ownName: Attempt }>;
  /**
   * After an account was disabled: tries to read with what its sessions still hold (tokens, resumable streams) and by logging
   * in again. `accepted` = something could be read.
   */
  readAfterDisabling(server: RunningServer, person: Person, sessions: readonly Session[]): Promise<readonly Attempt[]>;
}
