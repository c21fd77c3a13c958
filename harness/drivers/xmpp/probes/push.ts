import { hasCode } from "../../../model/errors.ts";
import type { Attempt } from "../../../model/probes.ts";
import type { Person, RunningServer } from "../../../model/server.ts";
import { xml } from "../library.ts";
import { openStream } from "../targets.ts";
import { asked } from "./asked.ts";

/** What a server answers that does not know the request (RFC 6120, 8.3.3); any other error says nothing about push. */
const unknown: ReadonlySet<unknown> = new Set(["service-unavailable", "feature-not-implemented"]);

/** XEP-0357, 5: a node of the service and nothing else, so no field of a summary is asked for. */
export function enablePush(server: RunningServer, person: Person, service: string): Promise<Attempt> {
  return asked(`enabling push (XEP-0357) to ${service}`, async () => {
    const stream = await openStream({ ...person, server });
    try {
      await stream.sendAcknowledged(xml("presence").toString());
      const enable = xml("enable", { xmlns: "urn:xmpp:push:0", jid: service, node: "bench" });
      await stream.request("set", undefined, enable);
      return { accepted: true, answer: "enabled" };
    } catch (error) {
      if (!hasCode(error, "refused") || unknown.has(error.context["condition"])) throw error;
      throw new Error(`neither enabled nor unknown: ${error.message}`, { cause: error });
    } finally {
      await stream.close();
    }
  });
}
