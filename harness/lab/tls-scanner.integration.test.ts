import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Endpoint, EndpointKind, RunningServer } from "../model/server.ts";
import type { TlsPortReport } from "../model/tools.ts";
import { cleanRun } from "./clean.ts";
import { dockerClient } from "./daemon.ts";
import { ensureImage } from "./images.ts";
import { ownLabels } from "./labels.ts";
import { runTool } from "./run-tool.ts";
import { createTlsScanner, tlsScannerImage } from "./tls-scanner.ts";

const runId = `tls-scanner-test-${process.pid}`;
const domain = "a.pruefstand.test";
let ports: readonly TlsPortReport[] = [];
let raw = "";

/** 443: TLS 1.0 and up with a 2048-bit RSA key; 8448: TLS 1.2 and up with ECDSA; 5223: nobody listens. */
const servers = `
cd /tmp
openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.pem -days 2 -subj /CN=${domain} -sigopt rsa_padding_mode:pss
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ec.key -out ec.pem -days 2 -subj /CN=${domain}
openssl s_server -quiet -www -accept 443 -key rsa.key -cert rsa.pem -min_protocol TLSv1 -cipher ALL:@SECLEVEL=0 &
openssl s_server -quiet -www -accept 8448 -key ec.key -cert ec.pem -min_protocol TLSv1.2 &
until openssl s_client -connect 127.0.0.1:443 </dev/null && openssl s_client -connect 127.0.0.1:8448 </dev/null; do sleep 0.1; done >/dev/null 2>&1
echo listening
wait
`;

before(async () => {
  const docker = await dockerClient();
  const labels = ownLabels(runId);
  const { tag } = await ensureImage(tlsScannerImage);
  const network = await docker.createNetwork({ Name: runId, Internal: true, Labels: { ...labels } });
  const target = await docker.createContainer({
    Image: tag,
    Cmd: ["sh", "-c", servers],
    User: "root",
    Labels: { ...labels },
    HostConfig: { NetworkMode: runId },
    NetworkingConfig: { EndpointsConfig: { [runId]: { Aliases: [domain] } } },
  });
  await target.start();
  await untilLogged(target, "listening");
  const scanner = createTlsScanner({
    run: (_server, tool) => runTool(docker, { ...tool, image: tag, network: runId, labels }),
    readGeneratedCertificate: () => Promise.resolve(undefined),
  });
  ({ ports, raw } = await scanner.scan(aServer()));
  await target.remove({ force: true });
  await network.remove();
});

after(() => cleanRun(runId));

test("a server that allows TLS 1.0 is seen to allow it", () => {
  assert.deepEqual(report(443).acceptedVersions, ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);
  const names = report(443).suites.map((suite) => `${suite.version} ${suite.name}`);
  assert.ok(names.includes("TLSv1.0 TLS_RSA_WITH_AES_128_CBC_SHA"), names.join(", "));
  assert.deepEqual(report(443).localFailures, []);
});

test("a server that refuses the old versions is seen to refuse them", () => {
  assert.deepEqual(report(8448).acceptedVersions, ["TLSv1.2", "TLSv1.3"]);
  assert.deepEqual(report(8448).rejectedVersions, ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"]);
  assert.deepEqual(report(8448).localFailures, []);
  assert.ok(report(8448).groups.includes("secp256r1"), report(8448).groups.join(", "));
});

test("groups that only the second probe knows are seen", () => {
  // OpenSSL 3.5 offers this hybrid by default, and no Brainpool curve of TLS 1.3.
  assert.ok(report(8448).groups.includes("X25519MLKEM768"), report(8448).groups.join(", "));
  assert.ok(!report(8448).groups.some((name) => name.startsWith("brainpool")), report(8448).groups.join(", "));
});

test("key and signature of the served certificates are read", () => {
  const facts = (port: number): object => ({ ...report(port).chain[0], subject: undefined });
  const common = { subject: undefined, selfSigned: true, signatureHash: "sha256" };
  assert.deepEqual(facts(443), { ...common, keyType: "rsa", keyBits: 2048, signatureAlgorithm: "rsassaPss" });
  assert.deepEqual(facts(8448), { ...common, keyType: "ecdsa", keyBits: 256, signatureAlgorithm: "ecdsa-with-SHA256" });
});

test("a port where nobody listens is a failure of the scan, never a refusal", () => {
  const { acceptedVersions, rejectedVersions, localFailures } = report(5223);
  assert.deepEqual({ acceptedVersions, rejectedVersions }, { acceptedVersions: [], rejectedVersions: [] });
  assert.match(localFailures.join(), /no TLS connection/);
});

test("the evidence is one JSON document that names the scanner", () => {
  assert.match((JSON.parse(raw) as { scanner: string }).scanner, /^SSLyze /);
});

function report(labPort: number): TlsPortReport {
  const found = ports.find(({ endpoint }) => endpoint.labPort === labPort);
  assert.ok(found !== undefined, `no report on port ${labPort}`);
  return found;
}

function aServer(): RunningServer {
  const endpoints = [
    anEndpoint("matrix-client", 443),
    anEndpoint("matrix-federation", 8448, `federation.${domain}`),
    anEndpoint("xmpp-client-tls", 5223),
  ];
  return { domain, endpoints } as unknown as RunningServer;
}

function anEndpoint(kind: EndpointKind, labPort: number, servername = domain): Endpoint {
  return { kind, host: "127.0.0.1", port: 1, labPort, servername, path: "/" };
}

type Container = Awaited<ReturnType<Awaited<ReturnType<typeof dockerClient>>["createContainer"]>>;

async function untilLogged(container: Container, words: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const log = (await container.logs({ stdout: true, stderr: true })).toString("utf8");
    if (log.includes(words)) return;
    assert.ok(performance.now() < deadline, `expected "${words}" in the log within 60 s, got: ${log.slice(-2000)}`);
    await pause(100);
  }
}
