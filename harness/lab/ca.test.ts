import { equal, ok } from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo } from "node:net";
import { test } from "node:test";
import { connect, createServer } from "node:tls";
import { createAuthority } from "./ca.ts";

const authority = createAuthority("test");
const issued = authority.issue(["a.pruefstand.test", "conference.a.pruefstand.test"]);

test("the authority's certificate is one and signs what it issues", () => {
  const ca = new X509Certificate(authority.certificate);
  const leaf = new X509Certificate(issued.chain);
  ok(ca.ca && !leaf.ca);
  ok(leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
  ok(leaf.checkPrivateKey(createPrivateKey(issued.key)));
  equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
});

test("the certificate is good for the names ordered and for no other", () => {
  const leaf = new X509Certificate(issued.chain);
  equal(leaf.checkHost("conference.a.pruefstand.test"), "conference.a.pruefstand.test");
  equal(leaf.checkHost("other.a.pruefstand.test"), undefined);
});

async function handshake(servername: string, ca: string, { chain, key } = issued): Promise<string> {
  const server = createServer({ cert: chain, key });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, servername, ca });
  try {
    return await new Promise((resolve) => {
      socket.once("secureConnect", () => resolve("secure"));
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  } finally {
    socket.destroy();
    server.close();
  }
}

test("TLS accepts it under the right name and authority, and refuses it otherwise", async () => {
  equal(await handshake("a.pruefstand.test", authority.certificate), "secure");
  equal(await handshake("b.pruefstand.test", authority.certificate), "ERR_TLS_CERT_ALTNAME_INVALID");
  ok((await handshake("a.pruefstand.test", createAuthority("other").certificate)) !== "secure");
});

test("a flawed certificate is wrong in one way, and TLS says which", async () => {
  const domain = "a.pruefstand.test";
  const answers = {
    none: "secure",
    "self-signed": "DEPTH_ZERO_SELF_SIGNED_CERT",
    expired: "CERT_HAS_EXPIRED",
  } as const;
  const others = {
    "wrong-name": "ERR_TLS_CERT_ALTNAME_INVALID",
    "unknown-authority": "SELF_SIGNED_CERT_IN_CHAIN",
  } as const;
  for (const [flaw, answer] of Object.entries({ ...answers, ...others })) {
    const shown = authority.issueFlawed(domain, flaw as keyof typeof answers | keyof typeof others);
    equal(await handshake(domain, authority.certificate, shown), answer, flaw);
  }
});
