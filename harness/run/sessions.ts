import { settled } from "./faults.ts";
import type { Driver } from "../model/session.ts";

/** Longest wait for one session to say goodbye; its server is removed afterwards anyway. */
const closeWithinMs = 5_000;

/** Sessions opened by a scenario, so that none outlives it. */
export interface OpenSessions {
  /** The same driver; what it opens is closed at the end. */
  watch(driver: Driver): Driver;
  /** Remembers what is being opened. */
  keep<S extends AsyncDisposable>(opening: Promise<S>): Promise<S>;
  /** Closes everything still open, bounded in time. Never throws. */
  closeAll(): Promise<void>;
}

export function openSessions(): OpenSessions {
  const open = new Set<AsyncDisposable>();
  let closed = false;
  const dispose = async (session: AsyncDisposable): Promise<void> => {
    await settled(Promise.resolve(session[Symbol.asyncDispose]()), closeWithinMs);
  };
  const keep = async <S extends AsyncDisposable>(opening: Promise<S>): Promise<S> => {
    const session = await opening;
    // A login that ends after the scenario's deadline must not stay behind.
    if (closed) await dispose(session);
    else open.add(session);
    return session;
  };
  return {
    keep,
    watch: (driver) => ({
      id: driver.id,
      protocol: driver.protocol,
      probes: driver.probes,
      open: (server, person, options) => keep(driver.open(server, person, options)),
      openForLoad: (server, person) => keep(driver.openForLoad(server, person)),
      close: () => driver.close(),
    }),
    async closeAll() {
      closed = true;
      await Promise.all([...open].map(dispose));
      open.clear();
    },
  };
}
