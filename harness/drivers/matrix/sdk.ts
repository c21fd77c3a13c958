// The only importer of matrix-js-sdk: sync, the room model and the Rust crypto live there, everything else in client-api.ts.
import {
  ClientEvent,
  createClient,
  EventStatus,
  HTTPError,
  HttpApiEvent,
  type MatrixClient,
  type MatrixEvent,
  MatrixEventEvent,
  MemoryStore,
  type Room,
  RoomEvent,
  SyncState,
} from "matrix-js-sdk";
import { decodeRecoveryKey, OnlySignedDevicesIsolationMode } from "matrix-js-sdk/lib/crypto-api/index.js";
import { logger as sharedLogger, type Logger } from "matrix-js-sdk/lib/logger.js";
import type { Comparison, Cryptography, SealedMessage, SignedDevices, StolenState } from "../../model/end-to-end.ts";
import { HarnessError } from "../../model/errors.ts";
import type { ShownSurroundings } from "../../model/surroundings.ts";
import { HostileSync } from "./hostile-sync.ts";
import { stealFrom } from "./stolen-keys.ts";
import { compareStrings } from "./verification.ts";
import type { Json, Login } from "./client-api.ts";
import type { Connection } from "./connection.ts";

/** An event as this client shows it, decrypted where it came encrypted. */
export interface SeenEvent {
  readonly id: string;
  readonly roomId: string;
  readonly sender: string;
  readonly type: string;
  readonly content: Json;
  readonly encrypted: boolean;
  /** Set by the server for the device that sent it. */
  readonly ownTransaction: boolean;
}

export interface SeenRedaction {
  readonly id: string;
  readonly sender: string;
  readonly at: number;
}

export interface SdkListener {
  event(event: SeenEvent): void;
  redaction(redaction: SeenRedaction): void;
  /** A sync was processed: memberships may have changed. */
  synced(): void;
  /** A gap: events between `from` and the last seen one did not come by sync. */
  gap(roomId: string, from: string): void;
  lostConnection(error: Error): void;
  loggedOut(error: Error): void;
}

const sealedKept = 10_000;
const receivedLimit = 128 * 1024 * 1024;
/** A client takes the stand-in's answer at once; decrypting costs milliseconds. */
const injectionMs = 20_000;
/** A signature goes to the server and comes back with the next query of keys. */
const verificationMs = 30_000;

/** The server may keep a sync open this long. */
const pollTimeoutMs = 30_000;
/** Synapse sends at most 100 per room and sync (filter_timeline_limit); older ones are fetched as a gap. */
const timelineLimit = 100;
/** While the proxy answers (502), the server behind it may be restarting; longer than this is a lost connection. */
const restartMs = 60_000;
/** Nobody answers at all: the whole server is gone. */
const goneMs = 10_000;
const retryMs = 500;

/** The SDK logs every request at debug level, with content. */
const silent: Logger = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  getChild: () => silent,
};

// Parts of the SDK ignore the logger of their client and use the shared one.
Object.assign(sharedLogger, { ...silent, log: silent.debug });

/** One logged-in device in the SDK. */
export class SdkClient {
  readonly #client: MatrixClient;
  readonly #listener: SdkListener;
  readonly #seenRooms = new Set<string>();
  readonly #stop = Promise.withResolvers<never>();
  readonly #hostile = new HostileSync();
  /** Settles with the server's first decision about this device's keys. */
  readonly #keysDecided = Promise.withResolvers<number>();
  /** Encrypted events that came, in order, as the server sent them. */
  readonly #sealed: SealedMessage[] = [];
  /** Told of each request of the SDK before it goes out. */
  onRequest: (method: string, address: string, body: string) => void = () => undefined;
  #secretStorageKey: readonly [string, Uint8Array<ArrayBuffer>] | undefined;
  #recoveryKey: Uint8Array<ArrayBuffer> | undefined;
  #stopped = false;
  #received = 0;
  #lostSince: number | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(connection: Connection, login: Login, listener: SdkListener) {
    this.#listener = listener;
    this.#stop.promise.catch(() => undefined);
    this.#client = createClient({
      baseUrl: connection.origin,
      fetchFn: (url, init) => this.#fetch(connection, url, init),
      userId: login.userId,
      deviceId: login.deviceId,
      accessToken: login.token,
      store: new MemoryStore(),
      logger: silent,
      disableVoip: true,
      cryptoCallbacks: {
        getSecretStorageKey: async ({ keys }) => {
          const [id] = Object.keys(keys);
          const key = this.#recoveryKey ?? this.#secretStorageKey?.[1];
          return id === undefined || key === undefined ? null : [this.#secretStorageKey?.[0] ?? id, key];
        },
        cacheSecretStorageKey: (id, _info, key) => void (this.#secretStorageKey = [id, key]),
      },
    });
    withoutTimers(this.#client);
  }

  /** On return the first sync is done, and with `encrypting` this device's keys are with the server. */
  async start(encrypting: boolean, withinMs: number): Promise<void> {
    if (encrypting) await this.#client.initRustCrypto({ useIndexedDB: false });
    this.#listen();
    const ready = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new HarnessError("deadline", `waited ${withinMs} ms for the first sync`)),
        withinMs,
      );
      this.#client.on(ClientEvent.Sync, (state) => {
        if (state !== SyncState.Prepared) return;
        clearTimeout(timer);
        resolve();
      });
    });
    // Both at once: the SDK asks for things before the first sync, and may get no answer to them.
    const started = this.#client.startClient({ initialSyncLimit: timelineLimit, pollTimeout: pollTimeoutMs });
    await Promise.all([ready, started]);
    if (encrypting) await this.#keysTaken(withinMs);
  }

  /** Throws `refused` where the server takes no keys of devices: nobody can encrypt for this one. */
  async #keysTaken(withinMs: number): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new HarnessError("deadline", `waited ${withinMs} ms for the server to take the device's keys`)),
      withinMs,
    );
    const status = await Promise.race([this.#keysDecided.promise, late.promise, this.#stop.promise]).finally(() =>
      clearTimeout(timer),
    );
    if (status >= 300) throw new HarnessError("refused", `expected the server to take device keys, got ${status}`);
  }

  stop(): void {
    this.#stopped = true;
    this.#stop.reject(new HarnessError("disconnected", "this session was closed"));
    clearInterval(this.#retry);
    this.#client.removeAllListeners();
    this.#client.stopClient();
  }

  /** Membership of this person in a room as the last sync said. */
  membership(roomId: string): { readonly state: string; readonly invitedBy: string | undefined } | undefined {
    const room = this.#client.getRoom(roomId);
    if (room === null) return undefined;
    const invitedBy = room.getMember(this.#client.getSafeUserId())?.events.member?.getSender();
    return { state: room.getMyMembership(), invitedBy };
  }

  /** True while this client shows the person as a member. */
  isMember(roomId: string, person: string): boolean {
    return this.#client.getRoom(roomId)?.getMember(person)?.membership === "join";
  }

  /** Direct chats with invitations not yet answered, by the id of the person who invites. */
  roomsWith(peer: string): readonly string[] {
    return this.#client
      .getRooms()
      .filter((room) => room.getMember(peer) !== null)
      .map((room) => room.roomId);
  }

  /** True when both this client knows the room as encrypted and keys of a device of the peer are here. */
  async canEncrypt(roomId: string, peer: string): Promise<boolean> {
    const crypto = this.#crypto();
    if (!(await crypto.isEncryptionEnabledInRoom(roomId))) return false;
    const devices = await crypto.getUserDeviceInfo([peer], true);
    return (devices.get(peer)?.size ?? 0) > 0;
  }

  isEncryptedRoom(roomId: string): Promise<boolean> {
    return this.#crypto().isEncryptionEnabledInRoom(roomId);
  }

  /** Sends through the SDK, which encrypts. Throws `harness-fault` if it went out in plain. */
  async sendEncrypted(roomId: string, content: Json): Promise<string> {
    const room = this.#client.getRoom(roomId);
    if (room === null || !(await this.isEncryptedRoom(roomId))) {
      throw new HarnessError("harness-fault", `expected an encrypted room, ${roomId} is none`);
    }
    let wasEncrypted = false;
    const watch = (event: MatrixEvent): void => {
      if (event.status === EventStatus.SENDING || event.status === EventStatus.SENT)
        wasEncrypted ||= event.isEncrypted();
    };
    room.on(RoomEvent.LocalEchoUpdated, watch);
    try {
      const sent = this.#client.sendEvent(roomId, "m.room.message" as never, content as never);
      const { event_id: id } = await Promise.race([sent, this.#stop.promise]);
      wasEncrypted ||= room.findEventById(id)?.isEncrypted() === true;
      if (!wasEncrypted)
        throw new HarnessError("harness-fault", `expected event ${id} to go out encrypted, it did not`);
      return id;
    } finally {
      room.off(RoomEvent.LocalEchoUpdated, watch);
    }
  }

  /** Sends through the SDK, which decides whether this kind of event is encrypted in this room. */
  async sendAsUsual(roomId: string, type: string, content: Json): Promise<string> {
    const sent = this.#client.sendEvent(roomId, type as never, content as never);
    return (await Promise.race([sent, this.#stop.promise])).event_id;
  }

  /** A public read receipt, as the SDK sends it. */
  async markRead(roomId: string, eventId: string): Promise<void> {
    const event = this.#client.getRoom(roomId)?.findEventById(eventId);
    if (event === undefined)
      throw new HarnessError("harness-fault", `expected to know event ${eventId}, it is unknown`);
    await Promise.race([this.#client.sendReadReceipt(event), this.#stop.promise]);
  }

  /** What this client shows of others around messages of a room. */
  shown(roomId: string): ShownSurroundings {
    const room = this.#client.getRoom(roomId);
    const own = this.#client.getSafeUserId();
    const events = room?.getLiveTimeline().getEvents() ?? [];
    const theirs = events.filter((event) => event.getSender() !== own).map((event) => seen(event));
    const relation = (event: SeenEvent): Json => objectOf(event.content["m.relates_to"]);
    const others = room?.getMembers().filter(({ userId }) => userId !== own) ?? [];
    return {
      reactions: theirs.filter(({ type }) => type === "m.reaction").map((event) => text(relation(event)["key"])),
      answered: theirs.map((event) => text(objectOf(relation(event)["m.in_reply_to"])["event_id"])).filter(Boolean),
      read: events
        .map((event) => event.getId() ?? "")
        .filter((id) => others.some(({ userId }) => room?.hasUserReadEvent(userId, id) === true)),
      files: theirs.flatMap(({ content }) => {
        const { filename, info } = content;
        return [text(filename), text(objectOf(info)["mimetype"])].filter(Boolean);
      }),
    };
  }

  /** Encrypted events of others in a room, in order of arrival. */
  sealed(roomId: string): readonly SealedMessage[] {
    return this.#sealed.filter(({ raw }) => (JSON.parse(raw) as Json)["room_id"] === roomId);
  }

  /** Members in the room whose devices' keys are here. */
  async encryptsFor(roomId: string, people: readonly string[]): Promise<boolean> {
    const room = this.#client.getRoom(roomId);
    if (room === null || !(await this.isEncryptedRoom(roomId))) return false;
    if (people.some((person) => room.getMember(person)?.membership !== "join")) return false;
    const devices = await this.#crypto().getUserDeviceInfo([...people], true);
    return people.every((person) => (devices.get(person)?.size ?? 0) > 0);
  }

  async devicesOf(user: string): Promise<number> {
    return (await this.#crypto().getUserDeviceInfo([user], true)).get(user)?.size ?? 0;
  }

  async steal(): Promise<StolenState> {
    return stealFrom(await this.#crypto().exportRoomKeysAsJson());
  }

  /**
   * Hostile stand-in of the server: answers the next sync with this event. Resolves with the text the client shows for it,
   * undefined when it shows none.
   */
  async inject(roomId: string, event: Json & { readonly event_id: string }): Promise<string | undefined> {
    let syncs = 0;
    const count = (): void => void (syncs += 1);
    this.#client.on(ClientEvent.Sync, count);
    this.#hostile.put(roomId, event);
    const end = performance.now() + injectionMs;
    try {
      for (;;) {
        const found = this.#client.getRoom(roomId)?.findEventById(event.event_id);
        if (found !== undefined && !found.isBeingDecrypted() && found.getType() !== "m.room.encrypted") {
          return found.isDecryptionFailure() ? undefined : bodyOf(found);
        }
        if (found?.isDecryptionFailure() === true) return undefined;
        // The client took the answer and kept nothing of it.
        if (found === undefined && this.#hostile.taken && syncs > 1) return undefined;
        if (performance.now() > end) {
          throw new HarnessError(
            "deadline",
            `waited ${injectionMs} ms for the client to take an event of the stand-in`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    } finally {
      this.#client.off(ClientEvent.Sync, count);
    }
  }

  async cryptography(): Promise<Cryptography> {
    const crypto = this.#crypto();
    const own = this.#client.getSafeUserId();
    const devices = (await crypto.getUserDeviceInfo([own], true)).get(own);
    const algorithms = [...(devices?.values() ?? [])].flatMap((device) => device.algorithms);
    return { library: crypto.getVersion(), algorithms: [...new Set(algorithms)] };
  }

  /** Cross-signing keys of the person; this device is signed with them. Throws `refused` where the server takes none. */
  async signOwnDevices(password: string): Promise<void> {
    const user = this.#client.getSafeUserId();
    try {
      await this.#crypto().bootstrapCrossSigning({
        authUploadDeviceSigningKeys: async (upload) => {
          await upload({ type: "m.login.password", identifier: { type: "m.id.user", user }, password });
        },
      });
    } catch (cause) {
      if (cause instanceof HTTPError && [401, 403, 404].includes(cause.httpStatus ?? 0))
        throw new HarnessError("refused", `Cross-signing keys: ${cause.message.slice(0, 2048)}`, { cause });
      throw cause;
    }
  }

  async signedDevices(user: string): Promise<SignedDevices> {
    const crypto = this.#crypto();
    const devices = (await crypto.getUserDeviceInfo([user], true)).get(user) ?? new Map<string, unknown>();
    const states = await Promise.all([...devices.keys()].map((id) => crypto.getDeviceVerificationStatus(user, id)));
    const signed = states.filter((state) => state?.signedByOwner === true).length;
    return { signed, unsigned: states.length - signed };
  }

  /** Compares emoji with another client, which is the only one of its person that is at hand. */
  async compareWith(other: SdkClient, roomId: string): Promise<Comparison> {
    const crypto = this.#crypto();
    const [user, device] = [other.#client.getSafeUserId(), other.#client.getDeviceId()];
    const how = "SAS (emoji and numbers)";
    if (!(await crypto.userHasCrossSigningKeys(user, true)))
      return { how, verified: false, others: 0, note: "no identity of the other person to compare" };
    const verifiedNow = async (): Promise<readonly string[]> => {
      const devices = (await crypto.getUserDeviceInfo([user], true)).get(user) ?? new Map<string, unknown>();
      const states = await Promise.all(
        [...devices.keys()].map(async (id) => [id, await crypto.getDeviceVerificationStatus(user, id)] as const),
      );
      return states.filter(([, state]) => state?.isVerified() === true).map(([id]) => id);
    };
    const before = await verifiedNow();
    const same = await compareStrings(this.#client, other.#client, roomId);
    // Our signature of the other identity comes back to us from the server, as all others see it.
    const isKnown = await within(verificationMs, async () =>
      (await crypto.getUserVerificationStatus(user)).isVerified(),
    );
    const after = await verifiedNow();
    return {
      how,
      verified: same && isKnown && before.length === 0 && after.some((id) => id === device),
      others: after.filter((id) => id !== device).length,
      note: `same string: ${same}, identity verified: ${isKnown}, devices verified before: ${before.length}, after: ${after.length}`,
    };
  }

  /** MSC4153: keys go to devices that their owner has signed, and to no other. */
  excludeUnsigned(): void {
    this.#crypto().setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
  }

  /** Cross-signing, secret storage and a backup of the keys, as a client sets them up. */
  async enableKeyBackup(password: string): Promise<string> {
    const crypto = this.#crypto();
    await this.signOwnDevices(password);
    const made = await crypto.createRecoveryKeyFromPassphrase();
    await crypto.bootstrapSecretStorage({
      createSecretStorageKey: () => Promise.resolve(made),
      setupNewKeyBackup: true,
      setupNewSecretStorage: true,
    });
    if (made.encodedPrivateKey === undefined)
      throw new HarnessError("harness-fault", "expected a recovery key, got none");
    return made.encodedPrivateKey;
  }

  /** The private key of the backup as this device holds it, unpadded base64; for the search on the server. */
  async backupKey(): Promise<string | undefined> {
    const key = await this.#crypto().getSessionBackupPrivateKey();
    return key === null ? undefined : Buffer.from(key).toString("base64");
  }

  /** Keys of Megolm sessions on this device. */
  async heldKeys(): Promise<number> {
    return (await this.#crypto().exportRoomKeys()).length;
  }

  async restoreKeyBackup(recoveryKey: string): Promise<void> {
    const crypto = this.#crypto();
    this.#recoveryKey = new Uint8Array(decodeRecoveryKey(recoveryKey));
    await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
    await crypto.checkKeyBackupAndEnable();
    await crypto.restoreKeyBackup();
  }

  /** A raw event of the server as this client shows it; undefined while it cannot be decrypted. */
  async show(raw: Json): Promise<SeenEvent | undefined> {
    const event = this.#client.getEventMapper()(raw);
    if (event.isEncrypted()) await this.#client.decryptEventIfNeeded(event);
    return event.isDecryptionFailure() || event.isBeingDecrypted() ? undefined : seen(event);
  }

  /** What this client shows of an event now: undefined if it does not know it. */
  isRedacted(eventId: string): boolean | undefined {
    for (const room of this.#client.getRooms()) {
      const event = room.findEventById(eventId);
      if (event !== undefined) return event.isRedacted();
    }
    return undefined;
  }

  /**
   * After the end nothing comes back into the SDK: an answer or an error would make it set its timers again (its poller of
   * capabilities: six hours), and they would keep the process alive.
   */
  async #fetch(connection: Connection, url: string | URL | Request, init?: RequestInit): Promise<Response> {
    const never = new Promise<Response>(() => undefined);
    try {
      const address = url instanceof Request ? url.url : url.toString();
      this.onRequest(init?.method ?? "GET", address, typeof init?.body === "string" ? init.body : "");
      const turn = this.#hostile.turn(address);
      // Where the stand-in answers, the real request must not go on: dozens of open syncs would keep the server busy.
      const abandon = new AbortController();
      const signal = AbortSignal.any([abandon.signal, ...(init?.signal ? [init.signal] : [])]);
      const asked = connection
        .fetch(address, { ...init, signal }, (count) => this.#count(count))
        .finally(() => turn.withdraw());
      const forged = turn.answer.finally(() => abandon.abort());
      asked.catch(() => undefined);
      const answer = await Promise.race([forged, asked]);
      if (this.#client.getCrypto() !== undefined && new URL(address).pathname.endsWith("/sync"))
        await this.#hostile.learnFrom(answer);
      // Too many requests or a server that is starting decide nothing; the SDK asks again.
      const decides = answer.status < 300 || [401, 403, 404].includes(answer.status);
      if (decides && new URL(address).pathname.endsWith("/keys/upload")) this.#keysDecided.resolve(answer.status);
      return this.#stopped ? await never : answer;
    } catch (error) {
      if (this.#stopped) return never;
      throw error;
    }
  }

  /** The SDK keeps most of what it is given. */
  #count(bytes: number): void {
    this.#received += bytes;
    if (this.#received <= receivedLimit) return;
    const error = new HarnessError("disconnected", "expected at most 128 MiB in one session, got more");
    this.#listener.lostConnection(error);
    throw error;
  }

  #crypto(): NonNullable<ReturnType<MatrixClient["getCrypto"]>> {
    const crypto = this.#client.getCrypto();
    if (crypto === undefined)
      throw new HarnessError("unsupported", "this session was opened without end-to-end encryption");
    return crypto;
  }

  #listen(): void {
    const client = this.#client;
    client.on(RoomEvent.Timeline, (event, room, toStart) => {
      // Older than what was asked for: pagination, not arrival.
      if (toStart === true || room === undefined) return;
      this.#arrived(event, room);
    });
    client.on(RoomEvent.TimelineReset, (room) => this.#reset(room));
    client.on(RoomEvent.Redaction, (event) => {
      const id = event.getAssociatedId();
      if (id !== undefined) this.#listener.redaction({ id, sender: event.getSender() ?? "", at: event.getTs() });
    });
    client.on(HttpApiEvent.SessionLoggedOut, (error) => this.#listener.loggedOut(error));
    client.on(ClientEvent.Sync, (state, _previous, data) => {
      this.#synced(state, data?.error);
      this.#listener.synced();
    });
  }

  #arrived(event: MatrixEvent, room: Room): void {
    this.#seenRooms.add(room.roomId);
    if (event.isEncrypted() && event.status === null) this.#keepSealed(event, room);
    // A local echo is no arrival: it comes again with the server's id.
    if (event.status !== null && event.status !== EventStatus.SENT) return;
    if (!event.isEncrypted()) return this.#listener.event(seen(event));
    const report = (): void => {
      if (event.isDecryptionFailure() || event.isBeingDecrypted() || event.getType() === "m.room.encrypted") return;
      event.off(MatrixEventEvent.Decrypted, report);
      this.#listener.event(seen(event));
    };
    // Fires again when a key that was missing comes later.
    event.on(MatrixEventEvent.Decrypted, report);
    report();
  }

  #keepSealed(event: MatrixEvent, { roomId: room_id }: Room): void {
    const [event_id, sender, content] = [event.getId(), event.getSender(), event.getWireContent()];
    if (sender === this.#client.getUserId() || this.#sealed.length >= sealedKept) return;
    const raw = { event_id, room_id, sender, type: "m.room.encrypted", content, origin_server_ts: event.getTs() };
    const { session_id: session } = content as Json;
    const keyId = typeof session === "string" ? session : undefined;
    this.#sealed.push({ id: event_id ?? "", raw: JSON.stringify(raw), keyId });
  }

  #reset(room: Room | undefined): void {
    if (room === undefined || !this.#seenRooms.has(room.roomId)) return;
    const from = room.getLiveTimeline().getPaginationToken("b" as never);
    if (from !== null) this.#listener.gap(room.roomId, from);
  }

  #synced(state: SyncState, error: Error | undefined): void {
    if (state !== SyncState.Reconnecting && state !== SyncState.Error) {
      this.#lostSince = undefined;
      clearInterval(this.#retry);
      this.#retry = undefined;
      return;
    }
    this.#lostSince ??= performance.now();
    const limitMs = error instanceof HTTPError ? restartMs : goneMs;
    // Left alone, the SDK waits 5 to 10 s between two tries.
    this.#retry ??= setInterval(() => {
      if (this.#lostSince !== undefined && performance.now() - this.#lostSince > limitMs) {
        this.#listener.lostConnection(error ?? new Error("no connection"));
      } else {
        this.#client.retryImmediately();
      }
    }, retryMs);
  }
}

/** Whether it became true in this time. */
async function within(milliseconds: number, check: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (!(await check())) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

interface RequestOptions {
  readonly localTimeoutMs?: number;
  readonly abortSignal?: AbortSignal;
}

/**
 * The SDK never clears the timer behind a request's time limit: 110 s after the last sync it would still keep the process
 * alive. Node's own time-out signal does the same and does not.
 */
function withoutTimers(client: MatrixClient): void {
  const http = client.http as unknown as {
    requestOtherUrl: (method: string, url: URL | string, body: unknown, options?: RequestOptions) => Promise<unknown>;
  };
  const original = http.requestOtherUrl.bind(http);
  http.requestOtherUrl = (method, url, body, { localTimeoutMs, abortSignal, ...rest } = {}) => {
    const limit = localTimeoutMs === undefined ? [] : [AbortSignal.timeout(localTimeoutMs)];
    const signals = [...limit, ...(abortSignal === undefined ? [] : [abortSignal])];
    return original(
      method,
      url,
      body,
      signals.length === 0 ? rest : { ...rest, abortSignal: AbortSignal.any(signals) },
    );
  };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const objectOf = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

function bodyOf(event: MatrixEvent): string | undefined {
  const { body } = event.getContent<Json>();
  return event.getType() === "m.room.message" && typeof body === "string" ? body : undefined;
}

function seen(event: MatrixEvent): SeenEvent {
  return {
    id: event.getId() ?? "",
    roomId: event.getRoomId() ?? "",
    sender: event.getSender() ?? "",
    type: event.getType(),
    content: event.getContent<Json>(),
    encrypted: event.isEncrypted(),
    ownTransaction: event.getUnsigned().transaction_id !== undefined,
  };
}
