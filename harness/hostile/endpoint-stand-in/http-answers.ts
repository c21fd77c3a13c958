import type net from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import { drip, endless, onText, plenty, reset, type Script } from "./endpoint.ts";

// STAND-IN. Answers to one HTTP request, as bytes: many of them no HTTP library would send.

type Answer = (socket: net.Socket) => void | Promise<void>;

const head = (more: string, status = "200 OK"): string => `HTTP/1.1 ${status}\r\n${more}\r\n`;
const json = "Content-Type: application/json\r\n";
const chunked = `${json}Transfer-Encoding: chunked\r\n`;

const whole =
  (body: string | Buffer, more = json, status = "200 OK"): Answer =>
  (socket) => {
    const bytes = Buffer.from(body as string);
    socket.write(head(`${more}Content-Length: ${bytes.length}\r\n`, status));
    socket.end(bytes);
  };

const block = "x".repeat(16 * 1024);
const zeros = Buffer.alloc(256 * 1024 * 1024);
/** Made when first asked for: they cost seconds. */
let gzipped: Buffer | undefined;
let deflated: Buffer | undefined;

const text =
  (first: string, more: (socket: net.Socket) => void | Promise<void>): Answer =>
  (socket) => {
    socket.write(first);
    return more(socket);
  };

export const httpAnswers: Readonly<Record<string, Answer>> = {
  "endless body": text(`${head(chunked)}1\r\n"\r\n`, (socket) =>
    endless(socket, `${block.length.toString(16)}\r\n${block}\r\n`),
  ),
  "1 GiB announced and sent": text(head(`${json}Content-Length: ${1024 ** 3}\r\n`), (socket) => endless(socket, block)),
  "1 GiB announced, nothing sent": text(head(`${json}Content-Length: ${1024 ** 3}\r\n`), () => undefined),
  "a body that drips": text(head(`${json}Content-Length: 100000\r\n`), (socket) => drip(socket, " ")),
  "headers that drip": text("HTTP/1.1 200 OK\r\n", (socket) => drip(socket, "X-A: b\r\n")),
  "headers without end": text("HTTP/1.1 200 OK\r\n", (socket) => endless(socket, `X-${block}: ${block}\r\n`)),
  "100 Continue without end": (socket) => endless(socket, "HTTP/1.1 100 Continue\r\n\r\n".repeat(500)),
  "no answer": () => undefined,
  "a closed connection": (socket) => void socket.end(),
  "a reset connection": reset,
  "noise instead of HTTP": (socket) => endless(socket, Buffer.from(Array.from({ length: 4096 }, (_, at) => at & 255))),
  "a redirect to itself": whole("", "Location: /_matrix/client/v3/login\r\n", "307 Temporary Redirect"),
  "a web page": whole("<html><body>Welcome to nginx!</body></html>", "Content-Type: text/html\r\n"),
  "half a body": text(`${head(`${json}Content-Length: 100\r\n`)}{"a"`, (socket) => void socket.end()),
  "a chunk of 2^64 bytes": text(`${head(chunked)}ffffffffffffffff\r\n`, (socket) => endless(socket, block)),
  "a negative length": text(head(`${json}Content-Length: -1\r\n`), (socket) => endless(socket, block)),
  "invalid UTF-8": whole(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d])),
  "JSON of a million levels": text(head(`${json}Connection: close\r\n`), async (socket) => {
    await plenty(socket, '{"a":'.repeat(4_000), 5_000_000);
    await plenty(socket, "}".repeat(20_000), 1_000_000);
    socket.end();
  }),
  "arrays of four million levels": text(head(`${json}Connection: close\r\n`), async (socket) => {
    await plenty(socket, "[".repeat(20_000), 4_000_000);
    await plenty(socket, "]".repeat(20_000), 4_000_000);
    socket.end();
  }),
  "an array": whole("[1,2,3]"),
  null: whole("null"),
  "wrong types": whole(
    '{"access_token":{"$ne":""},"user_id":[],"device_id":1e400,"next_batch":{},"rooms":{"join":{"!r":{"timeline":{"events":"no"}}}},"__proto__":{"polluted":true},"versions":7,"credits":-1}',
  ),
  "a gzip bomb": (socket) => whole((gzipped ??= gzipSync(zeros)), `${json}Content-Encoding: gzip\r\n`)(socket),
  "a deflate bomb": (socket) =>
    whole((deflated ??= deflateSync(zeros)), `${json}Content-Encoding: deflate\r\n`)(socket),
};

/** Answers every request of the paths with `answer`, all others as `good` says; undefined there = 404. */
export function httpScript(answer: Answer, good?: (path: string) => string | undefined): Script {
  return (socket) => {
    let seen = "";
    onText(socket, (data) => {
      seen = (seen + data).slice(-64 * 1024);
      if (!seen.includes("\r\n\r\n")) return;
      const path = /^[A-Z]+ (\S+)/.exec(seen)?.[1] ?? "";
      const body = good?.(path);
      seen = "";
      void Promise.resolve(body === undefined ? answer(socket) : proper(socket, body)).catch(() => socket.destroy());
    });
  };
}

const proper = (socket: net.Socket, body: string): void => whole(body, `${json}Connection: close\r\n`)(socket) as void;
