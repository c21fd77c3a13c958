import { equal, rejects } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { HarnessError } from "../../model/errors.ts";
import { RawStream } from "./raw-stream.ts";

async function withServer(serve: (socket: Socket) => void, act: (stream: RawStream) => Promise<void>): Promise<void> {
  const server = createServer(serve).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stream = RawStream.connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  try {
    await act(stream);
  } finally {
    stream.close();
    server.close();
  }
}

test("what a server says before it closes is heard", () =>
  withServer(
    (socket) => socket.end("<failure/>"),
    async (stream) => {
      const { ending, text } = await stream.hear(/never/);
      equal(ending, "closed");
      equal(text, "<failure/>");
    },
  ));

test("a stream that we close ourselves is our fault, not an answer", () =>
  withServer(
    () => {},
    async (stream) => {
      const heard = stream.hear(/never/);
      stream.close();
      await rejects(heard, (error) => error instanceof HarnessError && error.code === "harness-fault");
    },
  ));
