import type { Probes } from "../../model/probes.ts";
import type { Person, RunningServer } from "../../model/server.ts";
import type { XmppSession } from "./session.ts";
export type Open = (
  server: RunningServer,
  person: Person,
  options?: { readonly online?: boolean },
) => Promise<XmppSession>;
export function createProbes(_open: Open, _servers: () => readonly RunningServer[]): Probes {
  return {} as Probes;
}
