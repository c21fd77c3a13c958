import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpAnswer } from "../../model/candidate.ts";
import type { RunningServer } from "../../model/server.ts";
import { createSigningKey } from "./events.ts";
import { askEverything } from "./questions.ts";

/** A homeserver that gives every question the same answer. */
function answering(status: number, body: string): RunningServer {
  const answer: HttpAnswer = {
    status,
    headers: {},
    body: Buffer.from(body),
    text: () => body,
    json: () => JSON.parse(body) as unknown,
  };
  const server: Pick<RunningServer, "domain" | "endpoint" | "request"> = {
    domain: "a.pruefstand.test",
    endpoint: () =>
      ({ kind: "matrix-federation", host: "127.0.0.1", port: 8448 }) as ReturnType<RunningServer["endpoint"]>,
    request: () => Promise.resolve(answer),
  };
  return server as RunningServer;
}

const ask = (server: RunningServer) =>
  askEverything(
    server,
    { domain: "x.pruefstand.test", key: createSigningKey("test") },
    { person: "@asked:a.pruefstand.test", planted: { "display name": "Planted" }, unknown: "nobody" },
  );

test("a server that could not fetch the asker's keys has kept nothing to itself", async () => {
  const server = answering(401, '{"errcode":"M_UNAUTHORIZED","error":"Failed to find any key to satisfy"}');
  await assert.rejects(ask(server), { code: "lab-fault" });
});

test("a refusal is an answer without facts", async () => {
  const answers = await ask(answering(403, '{"errcode":"M_FORBIDDEN","error":"not for you"}'));
  assert.ok(answers.every(({ outcome, fields }) => outcome === "refused" && fields.length === 0));
});

test("planted facts are found in any answer", async () => {
  const answers = await ask(answering(200, '{"displayname":"Planted"}'));
  assert.ok(answers.some(({ fields }) => fields.includes("display name")));
});
