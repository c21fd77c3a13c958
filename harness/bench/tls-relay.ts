import tls from "node:tls";
import type { ServerCertificate } from "../lab/ca.ts";

// A process of its own, so that its CPU is not counted: a server that hands what each odd connection sends to the next one.

process.once("message", ({ chain, key }: ServerCertificate) => {
  const sockets: tls.TLSSocket[] = [];
  const server = tls.createServer({ cert: chain, key }, (socket) => {
    const index = sockets.push(socket) - 1;
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => sockets[index ^ 1]?.write(data));
    // The client's side stands before this one: what it sent at once could come before its partner is known here.
    socket.write(" ");
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as { readonly port: number }).port));
});
process.once("disconnect", () => process.exit());
