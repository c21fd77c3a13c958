import type { EndpointKind, Person, RunningServer } from "../../model/server.ts";
import { ClientApi, logIn } from "./client-api.ts";
import { Connection, endpointOf } from "./connection.ts";

/** One connection pool per endpoint, made when first asked for. */
export class Connections {
  readonly #known = new Map<RunningServer, Map<EndpointKind, Connection>>();

  to(server: RunningServer, kind: EndpointKind = "matrix-client"): Connection {
    const ofServer = this.#known.get(server) ?? new Map<EndpointKind, Connection>();
    this.#known.set(server, ofServer);
    const known = ofServer.get(kind);
    if (known !== undefined) return known;
    const made = new Connection(server, endpointOf(server, kind));
    ofServer.set(kind, made);
    return made;
  }

  /** A device without a session, for probes. Its token stays valid until the server ends it. */
  async logIn(person: Person): Promise<ClientApi> {
    const connection = this.to(person.server);
    return new ClientApi(connection, (await logIn(connection, person.name, person.password)).token);
  }

  async close(): Promise<void> {
    const all = [...this.#known.values()].flatMap((ofServer) => [...ofServer.values()]);
    this.#known.clear();
    await Promise.all(all.map((connection) => connection.close()));
  }
}
