import { defineScenario, type ScenarioContext } from "../../harness/model/scenario.ts";
import {
  allowedVersions,
  isBelowFfdhe2048,
  isChaCha20,
  isDheOrCbc,
  isForbiddenSuite,
  isHybridGroup,
  isListedGroup,
  isListedSuite,
  isX25519OrX448,
} from "../../harness/model/tls-rules.ts";
import type { CertificateFacts, TlsFeatures, TlsPortReport } from "../../harness/model/tools.ts";

// Which versions, suites, certificates and features of TLS every port of the product accepts, server to server included.
// A buyer bound by § 8 BSIG must show this for each interface (Mindeststandard TLS 2.4, TR-02102-2).
// Counterparts in public suites: testssl.sh, sslyze's own Mozilla check.

const distinct = (names: readonly string[]): number => new Set(names).size;

/** Counts over all ports: one suite on three ports is one suite. */
function measureSuites(ctx: ScenarioContext, ports: readonly TlsPortReport[]): void {
  const suites = ports.flatMap((port) => port.suites.map((suite) => suite.name));
  ctx.measure("tls.suites-accepted", distinct(suites));
  // A suite with static RSA can only be agreed on with an RSA certificate: without one its absence shows nothing.
  const withoutRsa = ports.every((port) => port.chain.every(({ keyType }) => keyType !== "rsa"));
  const limit = withoutRsa ? "no RSA certificate served: suites that need one could not be agreed on" : "";
  ctx.measure("tls.suites-forbidden", distinct(suites.filter(isForbiddenSuite)), {
    note: noteOf(suites.filter(isForbiddenSuite)) || limit,
  });
  const offList = suites.filter((name) => !isListedSuite(name));
  ctx.measure("tls.suites-off-list", distinct(offList), { note: noteOf(offList) });
  ctx.measure("tls.suites-off-list-except-chacha20", distinct(offList.filter((name) => !isChaCha20(name))));
  ctx.measure("tls.suites-dhe-or-cbc", distinct(suites.filter(isDheOrCbc)), {
    note: noteOf(suites.filter(isDheOrCbc)),
  });
  ctx.measure(
    "tls.negotiates-1.3",
    ports.length > 0 && ports.every((port) => port.acceptedVersions.includes("TLSv1.3")),
  );
}

function noteOf(names: readonly string[]): string {
  return [...new Set(names)].toSorted().join(", ");
}

function measureVersions(ctx: ScenarioContext, ports: readonly TlsPortReport[]): void {
  const old = ports.flatMap((port) =>
    port.acceptedVersions
      .filter((version) => !allowedVersions.includes(version))
      .map((version) => `${version} on ${port.endpoint.labPort}`),
  );
  const without = ports.filter((port) => !port.acceptedVersions.some((version) => allowedVersions.includes(version)));
  ctx.measure("tls.handshakes-below-1.2", old.length, { note: old.join(", ") });
  ctx.measure("tls.ports-without-1.2-or-1.3", without.length, {
    note: without.map((port) => port.endpoint.labPort).join(", "),
  });
  ctx.measure("tls.ports-probed", ports.length, {
    note: ports.map((port) => `${port.endpoint.kind} ${port.endpoint.labPort}`).join(", "),
  });
}

/** Counts over all ports: one group on three ports is one group. P-256 or P-384 has to be there on every port. */
function measureGroups(ctx: ScenarioContext, ports: readonly TlsPortReport[]): void {
  // A group that could not be tried may be taken: then nothing is measured, and T-06 alone stays open.
  if (ports.some((port) => (port.groupFailures ?? []).length > 0)) return;
  const all = [...new Set(ports.flatMap((port) => port.groups))].toSorted();
  const classical = all.filter((name) => !isHybridGroup(name));
  const offList = classical.filter((name) => !isListedGroup(name));
  const both = ["secp256r1", "secp384r1"];
  ctx.measure(
    "tls.group-p256-or-p384",
    ports.length > 0 && ports.every((port) => port.groups.some((name) => both.includes(name))),
  );
  ctx.measure("tls.groups-off-list", offList.length, { note: offList.join(", ") });
  const others = offList.filter((name) => !isX25519OrX448(name));
  ctx.measure("tls.groups-off-list-except-x25519-x448", others.length, { note: others.join(", ") });
  const weak = classical.filter(isBelowFfdhe2048);
  ctx.measure("tls.groups-below-ffdhe2048", weak.length, { note: weak.join(", ") });
  const hybrid = all.filter(isHybridGroup);
  ctx.measure("tls.groups-hybrid", hybrid.length, { note: hybrid.join(", ") });
}

/** A key type that is not in the chain says nothing about its size. The root is ours and left out where it is served. */
function measureCertificates(ctx: ScenarioContext, chain: readonly CertificateFacts[]): void {
  const smallest = (id: string, keyType: CertificateFacts["keyType"]): void => {
    const bits = chain
      .filter((certificate) => certificate.keyType === keyType)
      .map((certificate) => certificate.keyBits);
    if (bits.length === 0) ctx.notApplicable(id, `no ${keyType} key in the chain`);
    else ctx.measure(id, Math.min(...bits), { unit: "bit" });
  };
  smallest("cert.rsa-bits-min", "rsa");
  smallest("cert.ecdsa-bits-min", "ecdsa");
  ctx.measure(
    "cert.weak-hash-signatures",
    chain.filter((certificate) => /^(sha1|md5)$/i.test(certificate.signatureHash)).length,
  );
  ctx.measure(
    "cert.pkcs1-v1-5-signatures",
    chain.filter((certificate) => /WithRSAEncryption$/i.test(certificate.signatureAlgorithm)).length,
  );
}

/** One number of ports, where every port's answer is known; what no observation settled is not measured. */
function countPorts(
  ctx: ScenarioContext,
  id: string,
  ports: readonly TlsPortReport[],
  has: (features: TlsFeatures) => boolean | undefined,
): void {
  const found = ports.map(({ endpoint, features }) => ({ endpoint, has: features && has(features) }));
  if (found.some((port) => port.has === undefined)) return;
  const counted = found.filter((port) => port.has === true).map(({ endpoint }) => endpoint.labPort);
  ctx.measure(id, counted.length, { note: counted.join(", ") });
}

/** The longest time a ticket of any port may be used. No tickets at all = no time; one without a lifetime leaves it open. */
function measureTickets(ctx: ScenarioContext, ports: readonly TlsPortReport[]): void {
  if (ports.some(({ features }) => features?.tickets === undefined)) return;
  const tickets = ports.flatMap(({ endpoint, features }) =>
    (features?.tickets ?? []).map((ticket) => ({ ...ticket, port: endpoint.labPort })),
  );
  const lifetimes = tickets.flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]));
  if (lifetimes.length < tickets.length) return;
  const words = new Set(tickets.map(({ port, version, seconds }) => `${port} ${version}: ${seconds} s`));
  ctx.measure("tls.ticket-lifetime-max", Math.max(0, ...lifetimes), {
    unit: "s",
    note: [...words].join(", ") || "no port hands out tickets",
  });
}

const either = (left: boolean | undefined, right: boolean | undefined): boolean | undefined =>
  left === undefined || right === undefined ? undefined : left || right;

/** T-08 but for XEP-0138, which SZ-02 looks at: that needs an account. */
async function measureFeatures(ctx: ScenarioContext, all: readonly TlsPortReport[]): Promise<void> {
  const facts = all.map(({ endpoint, features }) => ({ kind: endpoint.kind, port: endpoint.labPort, ...features }));
  await ctx.evidence("tls-features.json", `${JSON.stringify(facts, null, 2)}\n`);
  const ports = all.filter(({ acceptedVersions, localFailures }) => acceptedVersions.length + localFailures.length > 0);
  if (ports.length === 0) return;
  countPorts(ctx, "tls.renegotiation-accepted", ports, ({ renegotiation }) => renegotiation);
  countPorts(ctx, "tls.compression-accepted", ports, ({ compression }) => compression);
  countPorts(ctx, "tls.heartbeat-or-truncated-hmac-accepted", ports, ({ heartbeat, truncatedHmac }) =>
    either(heartbeat, truncatedHmac),
  );
  countPorts(ctx, "tls.early-data-accepted", ports, ({ earlyDataBytes: bytes }) =>
    bytes === undefined ? undefined : bytes > 0,
  );
  countPorts(ctx, "tls.ports-without-extended-master-secret", ports, ({ extendedMasterSecret: has }) =>
    has === undefined ? undefined : !has,
  );
  measureTickets(ctx, ports);
}

export const scenario = defineScenario({
  id: "SZ-01",
  title: { de: "TLS-Prüfung aller Anschlüsse", en: "TLS scan of every port" },
  shows: {
    de: "Welche TLS-Versionen, Verfahren und Zertifikate jeder Anschluss annimmt, auch zwischen Servern.",
    en: "Which TLS versions, cipher suites and certificates every port accepts, server to server included.",
  },
  area: "security",
  verifies: ["T-01", "T-04", "T-05", "T-06", "T-07", "T-08", "T-09"],
  measures: [
    "tls.handshakes-below-1.2",
    "tls.ports-without-1.2-or-1.3",
    "tls.ports-probed",
    "tls.probes-failed-locally",
    "tls.suites-forbidden",
    "tls.suites-accepted",
    "tls.negotiates-1.3",
    "tls.suites-off-list",
    "tls.suites-off-list-except-chacha20",
    "tls.suites-dhe-or-cbc",
    "tls.group-p256-or-p384",
    "tls.groups-off-list",
    "tls.groups-off-list-except-x25519-x448",
    "tls.groups-below-ffdhe2048",
    "tls.groups-hybrid",
    "cert.rsa-bits-min",
    "cert.ecdsa-bits-min",
    "cert.weak-hash-signatures",
    "cert.pkcs1-v1-5-signatures",
    "tls.renegotiation-accepted",
    "tls.compression-accepted",
    "tls.heartbeat-or-truncated-hmac-accepted",
    "tls.early-data-accepted",
    "tls.ticket-lifetime-max",
    "tls.ports-without-extended-master-secret",
  ],
  protocols: ["matrix", "xmpp", "irc", "email"],
  servers: 1,
  shares: "read-only",
  timeBudget: 240,
  async run(ctx) {
    const [server] = ctx.servers;
    if (server === undefined) return;
    const { ports, raw } = await ctx.step("scan every TLS port", () => ctx.tls.scan(server));
    await ctx.evidence("tls-scan.json", raw);
    const own = await ctx.step("read the certificate the product made for itself", () =>
      ctx.tls.generatedCertificate(server),
    );

    const failures = ports.flatMap((port) =>
      port.localFailures.map((failure) => `${port.endpoint.labPort}: ${failure}`),
    );
    ctx.measure("tls.probes-failed-locally", failures.length, { note: failures.join("; ") });
    measureVersions(ctx, ports);
    measureSuites(ctx, ports);
    measureGroups(ctx, ports);
    await measureFeatures(ctx, ports);
    const served = ports.flatMap((port) => port.chain.filter((certificate) => !certificate.selfSigned));
    // T-07: on the shipped configuration the product's own certificate counts too.
    measureCertificates(ctx, ctx.config === "default" && own !== undefined ? [...served, own] : served);

    ctx.control(
      "positive",
      ports.some((port) => port.suites.length > 0),
      "at least one handshake of the scanner succeeded",
    );
    ctx.control(
      "negative",
      ports.some((port) => port.rejectedVersions.length > 0),
      "the scanner offered a version and saw it refused",
    );
  },
});
