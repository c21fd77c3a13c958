import type { Person, RunningServer } from "../../model/server.ts";
import type { Driver, OpenOptions } from "../../model/session.ts";
import { ClientApi, logIn } from "./client-api.ts";
import { defaultTimeoutMs } from "./connection.ts";
import { Connections } from "./connections.ts";
import { MatrixLoadSession } from "./load-session.ts";
import { matrixProbes } from "./probes/index.ts";
import { SurroundedMatrixSession } from "./surroundings.ts";
import { MatrixSession } from "./session.ts";

export interface MatrixDriverOptions {
  /** Sessions publish device keys and can encrypt with Megolm. Costs about a third of a second more per session. */
  readonly encrypting?: boolean;
}

/** Matrix by matrix-js-sdk (sessions) and plain HTTP (load, probes). */
export function createMatrixDriver({ encrypting = false }: MatrixDriverOptions = {}): Driver {
  const connections = new Connections();

  async function open(server: RunningServer, person: Person, options: OpenOptions = {}): Promise<MatrixSession> {
    const end = performance.now() + (options.withinMs ?? defaultTimeoutMs);
    const left = (): number => Math.max(1, end - performance.now());
    const connection = connections.to(server);
    const login = await logIn(connection, person.name, person.password, left());
    const parts = { connection, api: new ClientApi(connection, login.token), person, login };
    const session = encrypting ? new SurroundedMatrixSession(parts) : new MatrixSession(parts);
    if (options.online === false) return session;
    try {
      await session.start(left(), encrypting);
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  return {
    id: "matrix",
    protocol: "matrix",
    open,
    async openForLoad(server, person) {
      const connection = connections.to(server);
      const login = await logIn(connection, person.name, person.password);
      const session = new MatrixLoadSession(new ClientApi(connection, login.token), login.userId);
      await session.start();
      return session;
    },
    probes: matrixProbes(connections),
    close: () => connections.close(),
  };
}
