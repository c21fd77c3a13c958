import assert from "node:assert/strict";
import { test } from "node:test";
import { isBelowFfdhe2048, isHybridGroup, isListedGroup } from "../model/tls-rules.ts";
import type { TlsPortReport } from "../model/tools.ts";
import { failedReport } from "./sslyze-report.ts";
import { groupProbes, withGroups } from "./tls-groups.ts";

const endpoint = { kind: "xmpp-server", host: "h", port: 1, labPort: 5269, servername: "a.test", path: "/" } as const;
const port: TlsPortReport = { ...failedReport(endpoint, ""), localFailures: [], acceptedVersions: ["TLSv1.3"] };
const accepted = "CONNECTED(00000003)\nNew, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384";
const alert =
  "CONNECTED(00000003)\n40C7:error:0A000410:SSL routines:ssl3_read_bytes:ssl/tls alert handshake failure:../ssl/x.c:918:SSL alert number 40\nNew, (NONE), Cipher is (NONE)";
const silent = "connect:errno=111";

const offered =
  /for group in ([^;]+);/
    .exec(groupProbes("xmpp_server", { address: "a.test:5269", servername: "a.test" }).join("\n"))?.[1]
    ?.split(" ") ?? [];
const probed = (answer: (group: string) => string): string =>
  ["all", ...offered].map((group) => `# ${group}\n${answer(group)}\n`).join("");

test("what a handshake ended with is added under IANA's name; an alert is a refusal", () => {
  const taken = ["all", "X25519MLKEM768", "brainpoolP256r1tls13"];
  const { groups, groupFailures } = withGroups(
    port,
    probed((group) => (taken.includes(group) ? accepted : alert)),
  );
  assert.deepEqual(groups, ["brainpoolP256r1", "X25519MLKEM768"]);
  assert.deepEqual(groupFailures, []);
});

test("a server that refuses all of them at once takes none", () => {
  const { groups, groupFailures } = withGroups(port, `\n# all\n${alert}\n`);
  assert.deepEqual({ groups, groupFailures }, { groups: [], groupFailures: [] });
});

test("a connection that was not made is no refusal, and neither is a probe that did not run", () => {
  const mixed = withGroups(
    port,
    probed((group) => (group === "ffdhe2048" ? silent : accepted)),
  );
  assert.match((mixed.groupFailures ?? []).join(), /^group ffdhe2048: connect:errno=111$/);
  assert.match((withGroups(port, undefined).groupFailures ?? []).join(), /^group all: not tried$/);
  assert.match((withGroups(port, `# all\n${accepted}\n`).groupFailures ?? []).join(), /not tried/);
});

test("a port without TLS 1.3 is left as it is", () => {
  const old = { ...port, acceptedVersions: ["TLSv1.2"] };
  assert.equal(withGroups(old, undefined), old);
});

test("groups are on the list, hybrid, or weak as their names say", () => {
  const names = ["secp256r1", "ffdhe2048", "dh1024", "secp192r1", "sect163k1", "x25519", "X25519MLKEM768", "dh2048"];
  assert.deepEqual(names.filter(isListedGroup), ["secp256r1"]);
  assert.deepEqual(names.filter(isBelowFfdhe2048), ["dh1024", "secp192r1", "sect163k1"]);
  assert.deepEqual(names.filter(isHybridGroup), ["X25519MLKEM768"]);
});
