import { createHash } from "node:crypto";
import type { BrowserContext, Page } from "playwright-core";
import { HarnessError } from "../../model/errors.ts";
import type { Endpoint, Person, RunningServer } from "../../model/server.ts";
import type { Deadline } from "../../model/session.ts";
import { callPage, type PageEvent } from "./bench-page.ts";
import { launchChromium, type TrustingBrowser } from "./chromium.ts";
import { Conditions } from "../conditions.ts";
import { despiteNetworkChanges } from "./network-change.ts";
import { serveHostPage, type HostPage } from "./host-page.ts";
import { SurroundedConverseSession } from "./surroundings.ts";
import { lacking, type ConverseSession, type EncryptingSession } from "./session.ts";
import { openTunnel, type Tunnel } from "./tunnel.ts";
import { Wire } from "./wire.ts";

export interface OpenBrowserOptions {
  /** Stop trying after this long; default 120 s. */
  readonly withinMs?: number;
  /** Other servers this person's client may reach: a file of a person elsewhere lies on that person's server. */
  readonly reaches?: readonly RunningServer[];
}

/** Converse.js in one shared Chromium. */
export interface BrowserDriver extends AsyncDisposable {
  readonly id: "converse";
  readonly protocol: "xmpp";
  /**
   * Logs in over WebSocket with verified TLS. On return the session receives messages and its OMEMO keys are published.
   * Throws `refused` with the server's words only if the server refused the login; `unsupported` if the server has no
   * WebSocket; `lab-fault` if nothing answered there; `environment` if there is no usable Chromium; `deadline`.
   */
  openEncrypting(server: RunningServer, person: Person, options?: OpenBrowserOptions): Promise<EncryptingSession>;
  /** Ends Chromium and the local web server. Sessions still open end as disconnected. */
  close(): Promise<void>;
}

/** Longer than other drivers need: loading the client and making its keys costs seconds of CPU on a busy machine. */
const defaultWithinMs = 120_000;

/** Nothing is started before the first session is opened. */
export function createBrowserDriver(): BrowserDriver {
  let hostPage: Promise<HostPage> | undefined;
  const browsers = new Map<string, Promise<TrustingBrowser>>();
  const sessions = new Set<EncryptingSession>();

  /** One Chromium per certificate authority, that is, per run; a dead one is replaced. */
  const browserFor = (ca: string): Promise<TrustingBrowser> => {
    const key = createHash("sha256").update(ca).digest("hex");
    const forget = (): void => void browsers.delete(key);
    const started = browsers.get(key) ?? launchChromium(ca);
    if (!browsers.has(key)) {
      browsers.set(key, started);
      started.then(({ browser }) => browser.on("disconnected", forget), forget);
    }
    return started;
  };

  /** Storage and tunnel of one person. A Chromium that died unnoticed is replaced once. */
  const openContext = async (
    server: RunningServer,
    reaches: readonly RunningServer[],
    again = true,
  ): Promise<Place> => {
    const { browser } = await browserFor(server.ca);
    const tunnel = await openTunnel([server, ...reaches]);
    try {
      const proxy = { server: tunnel.url, bypass: "127.0.0.1" };
      const context = await browser.newContext({ proxy, viewport: { width: 1024, height: 768 } });
      return { context, tunnel, close: () => closePlace(context, tunnel) };
    } catch (error) {
      await tunnel[Symbol.asyncDispose]();
      if (again && !browser.isConnected()) return openContext(server, reaches, false);
      throw new HarnessError("lab-fault", `Chromium gave no new context: ${String(error)}`, { cause: error });
    }
  };

  const close = async (): Promise<void> => {
    await Promise.all([...sessions].map((session) => session[Symbol.asyncDispose]()));
    sessions.clear();
    const running = [...browsers.values()];
    browsers.clear();
    await Promise.all(
      running.map((each) =>
        each.then(
          (browser) => browser[Symbol.asyncDispose](),
          () => undefined,
        ),
      ),
    );
    const served = hostPage;
    hostPage = undefined;
    await (await served)?.[Symbol.asyncDispose]();
  };

  return {
    id: "converse",
    protocol: "xmpp",
    async openEncrypting(server, person, options = {}) {
      const endpoint = server.endpoint("xmpp-websocket");
      if (endpoint === undefined)
        throw new HarnessError("unsupported", `${server.domain} declares no WebSocket endpoint`);
      const withinMs = options.withinMs ?? defaultWithinMs;
      const deadline = { what: `${person.address} logging in with Converse.js`, withinMs };
      const session = await despiteNetworkChanges(async () => {
        const place = await openContext(server, options.reaches ?? []);
        const { url } = await (hostPage ??= serveHostPage());
        return logIn({ ...place, url, endpoint, person, deadline });
      });
      sessions.add(session);
      void session.ended.then(({ error }) => error === undefined && sessions.delete(session));
      return session;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Place {
  readonly context: BrowserContext;
  readonly tunnel: Tunnel;
  close(): Promise<void>;
}

async function closePlace(context: BrowserContext, tunnel: Tunnel): Promise<void> {
  await context.close().catch(() => undefined); // Chromium may be gone already.
  await tunnel[Symbol.asyncDispose]();
}

interface LogIn extends Place {
  readonly url: string;
  readonly endpoint: Endpoint;
  readonly person: Person;
  readonly deadline: Deadline;
}

async function logIn({ context, tunnel, url, endpoint, person, deadline, close }: LogIn): Promise<EncryptingSession> {
  const conditions = new Conditions();
  const wire = new Wire(conditions.changed);
  try {
    const page = await context.newPage();
    const session = new SurroundedConverseSession({ person, page, wire, conditions, refused: tunnel.refused, close });
    const state = observe(page, session, wire, person);
    await page.exposeBinding("benchReport", (_, event: PageEvent) => state.onEvent(event));
    await page.goto(url, { timeout: deadline.withinMs });
    await conditions.until({ ...deadline, what: "Converse.js loading in Chromium" }, () => state.seen("loaded"));
    // Not awaited: it settles after the login, which is awaited by its outcome below.
    callPage(page, deadline, "start", settingsFor(endpoint, person)).catch((error: unknown) =>
      session.onFault(asError(error)),
    );
    const ready = conditions.until(deadline, () => (wire.presenceSent && state.seen("omemo-ready")) || undefined);
    await ready.catch(async (error: unknown) => {
      throw (await reasonNotReady(session, wire, person)) ?? error;
    });
    const missing = await session.lacks();
    if (missing !== "") throw lacking(person, missing);
    await session.ping();
    await session.prepare();
    return session;
  } catch (error) {
    await close();
    throw error instanceof HarnessError
      ? error
      : new HarnessError("lab-fault", `Converse.js page: ${asError(error).message}`, { cause: error });
  }
}

/** Converse.js waits for ever where the server takes no public keys; the server says so when asked. */
async function reasonNotReady(session: ConverseSession, wire: Wire, person: Person): Promise<HarnessError | undefined> {
  if (!wire.presenceSent) return undefined;
  const missing = await session.lacks().catch(() => "");
  return missing === "" ? undefined : lacking(person, missing);
}

/** Connects what happens in and to the page with the session. */
function observe(page: Page, session: ConverseSession, wire: Wire, person: Person) {
  const seen = new Set<PageEvent["type"]>();
  const end = (code: "lab-fault", message: string): void => session.onFault(new HarnessError(code, message));
  page.on("websocket", (socket) => {
    wire.watch(socket);
    socket.on("close", () => session.onFault(connectionLoss(wire, person)));
  });
  wire.watchUploads(page);
  page.on("crash", () => end("lab-fault", `Chromium's page of ${person.address} crashed`));
  page.on("close", () => end("lab-fault", `Chromium's page of ${person.address} was closed without our doing`));
  page
    .context()
    .browser()
    ?.on("disconnected", () => end("lab-fault", "Chromium ended without our doing"));
  return {
    onEvent(event: PageEvent): void {
      seen.add(event.type);
      if (event.type === "disconnected") session.onFault(connectionLoss(wire, person));
      session.onEvent(event);
    },
    seen: (type: PageEvent["type"]): true | undefined => seen.has(type) || undefined,
  };
}

/** Only the server's own words make a refusal; everything else is a lost or impossible connection. */
function connectionLoss(wire: Wire, person: Person): HarnessError {
  if (wire.loginRefusal !== undefined)
    return new HarnessError("refused", `Login of ${person.address}: ${wire.loginRefusal}`);
  const words = wire.streamError ?? wire.socketError ?? "no reason given";
  if (wire.spoke) return new HarnessError("disconnected", `The connection of ${person.address} ended: ${words}`);
  return new HarnessError("lab-fault", `No XMPP server answered the WebSocket of ${person.address}: ${words}`);
}

/** Converse.js settings: as shipped, but nobody clicks, nothing reconnects behind our back, and files are shown. */
function settingsFor(endpoint: Endpoint, person: Person): Readonly<Record<string, unknown>> {
  return {
    websocket_url: `wss://${endpoint.servername}:${endpoint.labPort}${endpoint.path}`,
    authentication: "login",
    auto_login: true,
    jid: person.address,
    password: person.password,
    auto_reconnect: false,
    keepalive: false,
    discover_connection_methods: false,
    assets_path: "/dist/",
    view_mode: "fullscreen",
    i18n: "en",
    loglevel: "error",
    allow_non_roster_messaging: true,
    play_sounds: false,
    show_desktop_notifications: false,
    whitelisted_plugins: ["bench"],
    // What a careful operator sets in the client he hands out; as shipped it is off (docs/decisions/004).
    omemo_default: person.server.config === "hardened",
  };
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
