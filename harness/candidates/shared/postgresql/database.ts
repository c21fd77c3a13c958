import type { ConfigFile, Service, Store } from "../../../model/candidate.ts";

/** PostgreSQL 17 beside a server; the service must be called "database". */
export const databaseService: Service = {
  image: "shared/postgresql",
  ready: { kind: "port", port: 5432 },
  versions: ["dpkg-query", "--show", "postgresql-17", "libssl3t64"],
};

/** The password of role and database "messenger", `secrets.database` of the server. */
export const databaseFile: ConfigFile = {
  service: "database",
  path: "/etc/messenger/database-password",
  template: "../shared/postgresql/database-password.hbs",
};

export const databaseStores: readonly Store[] = [
  {
    id: "postgresql",
    service: "database",
    holds: "database",
    // One INSERT per row keeps a value in one line; the dump holds every table.
    read: { kind: "command", command: ["pg_dump", "--inserts", "messenger"] },
  },
  { id: "database-log", service: "database", holds: "logs", read: { kind: "container-log" } },
];
