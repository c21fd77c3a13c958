import type { Protocol } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import type { Person, RunningServer } from "../model/server.ts";
import type { Driver, Session } from "../model/session.ts";
import type { OpenedRemote } from "../remote/server.ts";
import type { DriverSet, RunParts } from "../run/parts.ts";

// The only place that knows concrete drivers, lab and load tools. They are imported when first needed: `list` and `--help`
// must not load a crypto library or a container client.

const drivers: Partial<Record<Protocol, () => Promise<Driver>>> = {
  matrix: async () => (await import("../drivers/matrix/index.ts")).createMatrixDriver(),
  xmpp: async () => (await import("../drivers/xmpp/index.ts")).createXmppDriver(),
  irc: async () => (await import("../drivers/irc/index.ts")).createIrcDriver(),
  email: async () => (await import("../drivers/email/index.ts")).createEmailDriver(),
};

/** Makes a thing once, when first asked for; a failure is not remembered. */
function once<T>(make: () => Promise<T>): { get(): Promise<T>; made(): Promise<T> | undefined } {
  let made: Promise<T> | undefined;
  return {
    get() {
      made ??= make();
      made.catch(() => (made = undefined));
      return made;
    },
    made: () => made,
  };
}

function noDriver(protocol: Protocol): HarnessError {
  return new HarnessError("unsupported", `The bench has no driver for ${protocol}.`, {
    hint: "docs/ tells how to add one.",
  });
}

/** The driver for an endpoint that somebody else runs. */
export async function remoteDriver(protocol: Protocol, { keys, callback }: OpenedRemote): Promise<Driver> {
  if (protocol === "threema") {
    const { createThreemaDriver } = await import("../drivers/threema/driver.ts");
    return createThreemaDriver({ privateKeyOf: (identity) => keys[identity], ...(callback && { callback }) });
  }
  const make = drivers[protocol];
  if (make === undefined) throw noDriver(protocol);
  return make();
}

function createDrivers(): DriverSet {
  const plain = new Map(Object.entries(drivers).map(([protocol, make]) => [protocol as Protocol, once(make)] as const));
  const matrix = once(async () =>
    (await import("../drivers/matrix/index.ts")).createMatrixDriver({ encrypting: true }),
  );
  const email = once(async () => (await import("../drivers/email/index.ts")).createEmailDriver({ encrypting: true }));
  const browser = once(async () => (await import("../drivers/browser/driver.ts")).createBrowserDriver());
  const driverOf = async (protocol: Protocol): Promise<Driver> => {
    const driver = plain.get(protocol);
    if (driver === undefined) throw noDriver(protocol);
    return driver.get();
  };
  return {
    plain: driverOf,
    async openEncrypting(person: Person, reaches: readonly RunningServer[]): Promise<Session> {
      const { protocol } = person.server.candidate;
      if (protocol === "xmpp") return (await browser.get()).openEncrypting(person.server, person, { reaches });
      if (protocol === "matrix") return (await matrix.get()).open(person.server, person);
      if (protocol === "email") return (await email.get()).open(person.server, person);
      throw noDriver(protocol);
    },
    async openHostile(protocol, seats, options) {
      return (await import("../hostile/index.ts")).openHostilePeers(protocol, seats, options);
    },
    async openFlawed(protocol, seats) {
      return (await import("../hostile/index.ts")).openCertificatePeers(protocol, seats);
    },
    async close() {
      const made = [...plain.values(), matrix, email, browser].map((one) => one.made());
      await Promise.allSettled(made.map(async (driver) => (await driver)?.close()));
    },
  };
}

/** The parts of a real run: containers, real clients, real load. */
export async function realParts(): Promise<RunParts> {
  const { loadTools } = await import("../load/index.ts");
  return {
    async createLab(runId, outDir, signal) {
      const { createLab } = await import("../lab/create-lab.ts");
      return createLab({ runId, outDir, signal });
    },
    createDrivers,
    load: loadTools,
    async engineAnswers() {
      const { askDaemon } = await import("../setup/docker.ts");
      return (await askDaemon()) !== undefined;
    },
  };
}

/**
 * Brings the machine to where a run can start. A missing browser is no reason to stop: its scenarios say so themselves
 * and become inconclusive.
 */
export async function prepareMachine(progress: (what: string) => void): Promise<void> {
  const { ensureChromium, ensureDocker, ensureTools } = await import("../setup/index.ts");
  await ensureDocker(progress);
  await ensureTools(progress);
  await ensureChromium(progress).catch((error: unknown) => {
    progress(`no browser, client checks will be inconclusive: ${(error as Error).message}`);
  });
}
