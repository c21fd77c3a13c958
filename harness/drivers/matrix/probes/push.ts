import type { Attempt } from "../../../model/probes.ts";
import type { ClientApi } from "../client-api.ts";
import { attempt, attemptCall } from "./attempt.ts";

/**
 * `event_id_only`: the client asks for nothing but that there is something new (push gateway specification). Only a server that
 * does not know the request offers no push; one that dislikes the address has said nothing about push.
 */
export async function enablePush({ connection, token }: ClientApi, service: string): Promise<Attempt> {
  const body = {
    kind: "http",
    app_id: "test.pruefstand.client",
    app_display_name: "Pruefstand",
    device_display_name: "bench",
    pushkey: `bench ${service.split(":")[0]}`,
    lang: "de",
    data: { url: service, format: "event_id_only" },
    append: false,
  };
  const call = { method: "POST", path: "/_matrix/client/v3/pushers/set", token, body };
  const { status, ...facts } = await attempt(`a pusher to ${service}`, () => connection.send(call));
  return facts.outcome === "refused" && status !== 404 ? { ...facts, outcome: "failed" } : facts;
}

const doors = ["/_matrix/client/v1/media/preview_url", "/_matrix/media/v3/preview_url"];

export async function linkPreviews({ connection, token }: ClientApi, page: string): Promise<readonly Attempt[]> {
  const attempts: Attempt[] = [];
  for (const door of doors) {
    const path = `${door}?url=${encodeURIComponent(page)}`;
    attempts.push(await attemptCall(connection, { path, token }));
  }
  return attempts;
}
