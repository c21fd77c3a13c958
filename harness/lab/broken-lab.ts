import type { Sabotage } from "../model/control.ts";
import { detach } from "./containers.ts";
import { freeze } from "./freeze.ts";
import type { ServerInstance } from "./instance.ts";

export type LabFault = NonNullable<Sabotage["lab"]>["fault"];

/**
 * Breaks the lab behind the bench's back, for controls that must end as `inconclusive`: nothing is noted down, so
 * health() reports it like any accident. The last server is hit, the one that others talk to.
 */
export async function breakServer(
  fault: "kill-server" | "pause-server" | "block-ports",
  servers: readonly ServerInstance[],
): Promise<void> {
  const services = servers.at(-1)?.services ?? [];
  await Promise.all(
    services.map(async ({ container, edge, ports }) => {
      if (fault === "kill-server") await container.kill({ signal: "SIGKILL" });
      else if (fault === "pause-server") await freeze(container);
      else if (ports.size > 0) await detach(container, edge.network);
    }),
  );
}
