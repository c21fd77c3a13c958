import type { Attempt } from "./probes.ts";
import type { Person, RunningServer } from "./server.ts";
import type { Conversation } from "./session.ts";

// Peers that the bench plays itself, to do what an honest server never does. A stand-in, named so wherever it shows.

/** A place on the federation network: a name that the servers resolve, the address to listen on, and a certificate for the name. */
export interface Seat {
  /** "x", "y" */
  readonly id: string;
  readonly domain: string;
  /** Address of this machine on the federation network of one deployment; nobody else reaches it. */
  readonly address: string;
  /** PEM */
  readonly chain: string;
  readonly key: string;
  /** PEM of the run's authority. */
  readonly ca: string;
  /** Set on the seats of {@link CertificatePeers}. */
  readonly flaw?: CertificateFlaw;
  /** Speaks this version of TLS and no other. */
  readonly onlyTls?: OldTlsVersion;
}

/** Versions a product may no longer use, as the connecting side neither (RFC 8996); names of Node. */
export const oldTlsVersions = ["TLSv1", "TLSv1.1"] as const;
export type OldTlsVersion = (typeof oldTlsVersions)[number];

/** The one thing that is wrong with a certificate; "none" = nothing. */
export const certificateFlaws = ["none", "self-signed", "expired", "wrong-name", "unknown-authority"] as const;
export type CertificateFlaw = (typeof certificateFlaws)[number];

/** An authority played by the bench that is honest but for its certificate. */
export interface CertificatePeer {
  readonly flaw: CertificateFlaw;
  readonly domain: string;
  /** Address of a person there. */
  readonly person: string;
}

/** Honest, with nothing wrong but the version of TLS. */
export interface OutdatedPeer extends CertificatePeer {
  readonly onlyTls: OldTlsVersion;
}

/** One authority for each flaw, each under a name of its own: what a server learns about one says nothing about the next. */
export interface CertificatePeers extends AsyncDisposable {
  readonly peers: readonly CertificatePeer[];
  /** Authorities with a proper certificate that speak one outdated version of TLS each; they never connect themselves. */
  readonly outdated: readonly OutdatedPeer[];
  /** How many TLS handshakes of others with this authority came to an end. */
  handshakes(peer: OutdatedPeer): number;
  /** The server has begun to connect to this authority. */
  wasAsked(peer: CertificatePeer): boolean;
  /** The server has handed over something it sends only to whom it believes: a stanza with this text, a request with any. */
  wasBelieved(peer: CertificatePeer, text: string): boolean;
  /**
   * Connects to the server with this certificate and sends the text to a person there; undefined where the protocol has no
   * certificates of the connecting side (Matrix). `accepted` is not decided here: whoever got the text decides.
   * Throws `lab-fault` where the server does not answer at all.
   */
  present?(server: RunningServer, peer: CertificatePeer, victim: Person, text: string): Promise<Attempt>;
  /** What the other side sent, for the evidence; bounded. */
  received(): string;
}

/** A client that keeps everything its server hands it, as it came: what got through must show here. */
export interface Witness extends AsyncDisposable {
  /** True once anything received held this text. */
  saw(text: string): boolean;
  /** Is in this group from now on, where being in it is a matter of each client (XMPP); the person has to be a member. */
  enter(group: Conversation): Promise<void>;
  /** Asks the server, so that what it had for this client by now has arrived. */
  catchUp(): Promise<void>;
}

/** One hostile act with a text of its own, by which its success is recognised. */
export interface MarkedAttempt extends Attempt {
  readonly marker: string;
}

/** One malformed input. */
export interface PoisonAttempt extends MarkedAttempt {
  /** Text of a proper message sent together with it, which has to arrive. */
  readonly good: string;
  /** A server that accepts it, or whose client is shown the text, was tricked; otherwise it may do as it likes. */
  readonly trick?: true;
}

/** What a hostile act is aimed at. */
export interface HostileScene {
  readonly server: RunningServer;
  /** A person of {@link server}, online. */
  readonly victim: Person;
  /** A group of the victim in which both people of the stand-in are. */
  readonly group: Conversation;
  /** A fresh text, different each time. */
  marker(prefix: string): string;
}

/** A question of a server that nobody here has anything to do with, and what the answer gave away. */
export interface StrangerAnswer extends Attempt {
  /** Names of the facts about the person or the server in this answer; equal facts have equal names. */
  readonly fields: readonly string[];
}

/** Takes notifications for clients that are away, as the gateway of a vendor does, and keeps what it was told. */
export interface PushService {
  /** Where a client has its notifications sent: URLs of a gateway (Matrix), address of a service (XEP-0357). Each leads here. */
  readonly addresses: readonly string[];
  /** Pages of this machine that a preview of links could fetch; none where servers make no previews (XMPP). */
  readonly canaries: readonly string[];
  /** How many notifications have come. */
  notifications(): number;
  /** All that came, requests for the canary among them; bounded. */
  received(): string;
}

/** A kind of act in a room, with a text by which to recognise it. */
export type RoomAct = "join" | "message" | "private" | "signal";

/**
 * Two authorities played by the bench: the first one is hostile, the second one is who it pretends to be. Both are genuine
 * otherwise: names, certificates and keys of their own, so that what is refused is refused for the forgery alone.
 * Every method throws `lab-fault` where the server could not be reached at all.
 */
export interface HostilePeers extends AsyncDisposable {
  readonly attacker: { readonly domain: string; readonly person: string };
  readonly impersonated: { readonly domain: string; readonly person: string };
  /** One of the two people enters a group it was invited to. */
  join(server: RunningServer, group: Conversation, who: "attacker" | "impersonated"): Promise<void>;
  /** A proper message into the group, as an honest server would send it. */
  sendGenuine(scene: HostileScene, who: "attacker" | "impersonated", text: string): Promise<void>;
  /** `count` messages that claim to come from somebody else. `accepted` is not decided here: the witness decides. */
  forgeOrigins(scene: HostileScene, count: number): Promise<readonly MarkedAttempt[]>;
  /**
   * Acts in the group as the hostile authority. `accepted` where the server's own answer shows it (an entry); else the witness
   * decides by the marker.
   */
  actInRoom(scene: HostileScene, act: RoomAct): Promise<MarkedAttempt>;
  /** Asks for everything a stranger may ask about a person and the server. `unknown` is a name without an account. */
  ask(
    server: RunningServer,
    person: Person,
    facts: { readonly planted: Readonly<Record<string, string>>; readonly unknown: string },
  ): Promise<readonly StrangerAnswer[]>;
  /**
   * Malformed and oversized input, some of it with a trick in it. `failed` where the server gave no answer at all. `goesOn` is
   * told of each one; false ends the series. Unlike the others it does not throw where the server is out of reach.
   */
  poison(scene: HostileScene, goesOn: (attempt: PoisonAttempt) => Promise<boolean>): Promise<readonly PoisonAttempt[]>;
  /** A push service of the first authority; ends with the peers. */
  openPushService(): Promise<PushService>;
  /** What the other side sent to the stand-in, for the evidence; bounded. */
  received(): string;
}

export interface HostileOptions {
  /** A control: the forger holds the true certificates and keys of whom it pretends to be, as if the server had not looked. */
  readonly stolenIdentity: boolean;
}
