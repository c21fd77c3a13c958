import { createIrcDriver } from "../../drivers/irc/index.ts";
import { createMatrixDriver } from "../../drivers/matrix/index.ts";
import { sendPlain } from "../../drivers/matrix/probes/plain-http.ts";
import { createThreemaDriver } from "../../drivers/threema/driver.ts";
import { createXmppDriver } from "../../drivers/xmpp/index.ts";
import { LabHttp } from "../../lab/http.ts";
import type { HttpAnswer } from "../../model/candidate.ts";
import { HarnessError } from "../../model/errors.ts";
import { checkRemote } from "../../remote/checks.ts";
import { parseRemote } from "../../remote/descriptor.ts";
import type { Endpoint, EndpointKind, Person, RunningServer } from "../../model/server.ts";
import type { Driver } from "../../model/session.ts";

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

// One driver against hostile endpoints, in a process of its own: `node driver.child.ts '<orders>'`. Prints a line per case.

export interface Orders {
  readonly driver: keyof typeof acts;
  readonly ca: string;
  readonly cases: readonly { readonly what: string; readonly port: number }[];
}

/** How a case ended. `error` is the class; HarnessErrors have a code. */
export interface Ended {
  readonly what: string;
  readonly error: string;
  readonly code: string;
  readonly words: string;
  readonly length: number;
}

const domain = "a.pruefstand.test";
const withinMs = 1_000;
/** Most cases wait. Sessions keep what they are given, up to their own limit; the others keep next to nothing. */
const keeping: readonly string[] = ["xmpp", "matrix", "irc"];
const acceptNothing = (): never => {
  throw new HarnessError("unsupported", "a stand-in is not administered");
};

function serverAt(kind: EndpointKind, port: number, ca: string): RunningServer {
  const endpoint: Endpoint = { kind, host: "127.0.0.1", port, labPort: port, servername: domain, path: "" };
  const http = new LabHttp(ca);
  return {
    id: "a",
    domain,
    config: "default",
    candidate: { id: "stand-in", title: "Stand-in", protocol: "xmpp", abilities: [], erasureLimit: null, roles: [] },
    endpoints: [endpoint],
    endpoint: (wanted) => (wanted === kind ? endpoint : undefined),
    ca,
    request: (to, path, init) => http.request(to, path, { ...init, timeoutMs: withinMs }),
    search: acceptNothing,
    administration: { createAccounts: acceptNothing, disableAccount: acceptNothing, deleteAccount: acceptNothing },
    resources: acceptNothing,
  };
}

const remoteText = (port: number): string => `version: 1
id: stand-in
title: Stand-in
vendor: Nobody
protocol: xmpp
endpoint: { domain: ${domain}, host: 127.0.0.1, port: ${port}, tls: direct }
accounts: [{ name: alice, password: { env: PF_TEST_ALICE } }]
`;

const personOf = (server: RunningServer, name = "alice"): Person => ({
  name,
  password: "a password",
  address: `${name}@${domain}`,
  server,
});

/** Logs in, waits for a message that never comes, then asks whether the session still stands. */
async function liveWith(driver: Driver, server: RunningServer): Promise<void> {
  const session = await driver.open(server, personOf(server), { withinMs });
  try {
    await session.received(() => false, { what: "a message that nobody sends", withinMs });
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

async function loadWith(driver: Driver, server: RunningServer): Promise<void> {
  const session = await driver.openForLoad(server, personOf(server));
  const late = new Promise((resolve) => setTimeout(resolve, withinMs));
  try {
    await Promise.race([session.ended, late]);
    await session.send({ kind: "direct", id: "!room" }, "is anybody there?");
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

type Act = (port: number, ca: string) => Promise<unknown>;

const acts = {
  matrix: (port, ca) => liveWith(createMatrixDriver(), serverAt("matrix-client", port, ca)),
  "matrix load": (port, ca) => loadWith(createMatrixDriver(), serverAt("matrix-client", port, ca)),
  "plain http": (port, ca) =>
    sendPlain(serverAt("http-plain", port, ca).endpoints[0] as Endpoint, { method: "GET", path: "/" }),
  xmpp: (port, ca) => liveWith(createXmppDriver(), serverAt("xmpp-client-tls", port, ca)),
  "xmpp load": (port, ca) => loadWith(createXmppDriver(), serverAt("xmpp-client-tls", port, ca)),
  "xmpp before TLS": (port, ca) => liveWith(createXmppDriver(), serverAt("xmpp-client", port, ca)),
  "xmpp before login": async (port, ca) => {
    const server = serverAt("xmpp-client-tls", port, ca);
    const { profiles } = await createXmppDriver().probes.unauthenticatedReads(server, personOf(server), "");
    return profiles;
  },
  irc: (port, ca) => liveWith(createIrcDriver(), serverAt("irc-tls", port, ca)),
  threema: async (port, ca) => {
    const driver = createThreemaDriver({ privateKeyOf: () => "11".repeat(32) });
    await liveWith(driver, serverAt("threema-gateway", port, ca));
  },
  remote: async (port, ca) => {
    const server = serverAt("xmpp-client-tls", port, ca);
    const opened = { server, people: [personOf(server), personOf(server, "bob")], keys: {} };
    const remote = parseRemote(remoteText(port), "stand-in.yaml");
    const findings = await checkRemote({ remote, opened, driver: createXmppDriver() }, "2026-11-15", (text) => text);
    const decided = findings.find(({ outcome }) => outcome === "held" || outcome === "failed");
    if (decided !== undefined) throw new Error(`${decided.id} ${decided.outcome}: ${decided.reason}`);
    return findings.map(({ id, outcome }) => `${id} ${outcome}`);
  },
  "lab http": async (port, ca) => {
    const server = serverAt("matrix-client", port, ca);
    const answer: HttpAnswer = await server.request(server.endpoints[0] as Endpoint, "/");
    answer.json();
  },
} satisfies Readonly<Record<string, Act>>;

async function endOf(what: string, act: Promise<unknown>): Promise<Ended> {
  try {
    const value = await act;
    return { what, error: "", code: "", words: JSON.stringify(value)?.slice(0, 300) ?? "", length: 0 };
  } catch (error) {
    const { message, name } = error as Error;
    const code = error instanceof HarnessError ? error.code : "";
    return { what, error: name, code, words: message.slice(0, 200), length: message.length };
  }
}

const { driver, ca, cases } = JSON.parse(process.argv[2] ?? "") as Orders;
const started = process.memoryUsage().rss;
const queue = [...cases];
async function work(): Promise<void> {
  for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
    print({ begins: one.what });
    print(await endOf(one.what, acts[driver](one.port, ca)));
  }
}
await Promise.all(Array.from({ length: keeping.includes(driver) ? 6 : 30 }, work));
print({ grownBytes: process.resourceUsage().maxRSS * 1024 - started });
