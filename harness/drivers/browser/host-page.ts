import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { listen } from "./tunnel.ts";

/** A web server on loopback with our host page and the client's distribution. */
export interface HostPage extends AsyncDisposable {
  /** Address of the page. Loopback counts as a secure context (W3C Secure Contexts, 3.1), so WebCrypto works. */
  readonly url: string;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".webp": "image/webp",
};

/** `converse.js` exports its distribution as the folder of its entry file. */
const distribution = dirname(fileURLToPath(import.meta.resolve("converse.js")));
const roots: Readonly<Record<string, string>> = { dist: distribution, page: join(import.meta.dirname, "page") };

/** Serves `/dist/*` from the npm package unchanged and `/page/*` from this folder. */
export async function serveHostPage(): Promise<HostPage> {
  const server = createServer((request, response) => {
    void answer(request.url ?? "/").then(
      ({ type, body }) => response.writeHead(200, { "content-type": type }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/page/index.html`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(url: string): Promise<{ readonly type: string; readonly body: Buffer }> {
  const [, folder = "", ...rest] = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname)).split("/");
  const root = roots[folder];
  if (root === undefined) throw new Error(`no such folder: ${folder}`);
  const path = join(root, ...rest);
  if (!path.startsWith(root + sep)) throw new Error("outside of the folder");
  return { type: types[extname(path)] ?? "application/octet-stream", body: await readFile(path) };
}
