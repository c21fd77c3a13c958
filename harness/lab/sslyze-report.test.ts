import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint } from "../model/server.ts";
import { readScan } from "./sslyze-report.ts";

const endpoint: Endpoint = {
  kind: "matrix-client",
  host: "127.0.0.1",
  port: 40000,
  labPort: 443,
  servername: "a.pruefstand.test",
  path: "/",
};

test("alerts and closed connections are refusals", () => {
  const port = read({
    tls_1_0_cipher_suites: rejected("TLS alert: protocol version ", "Server interrupted the TLS handshake"),
  });
  assert.deepEqual(port?.rejectedVersions, ["TLSv1.0"]);
  assert.deepEqual(port?.localFailures, ["the scanner shows no certificate"]);
});

for (const words of ["Connection to server timed out during the TLS handshake", "TLS error: no cipher match"]) {
  test(`"${words}" is our failure, not a refusal`, () => {
    const port = read({ tls_1_0_cipher_suites: rejected("TLS alert: protocol version ", words) });
    assert.deepEqual(port?.rejectedVersions, []);
    assert.ok(
      port?.localFailures.includes(`TLSv1.0: 1 suites could not be tried (${words})`),
      String(port?.localFailures),
    );
  });
}

test("a test that ended with an error is a failure of the scan", () => {
  const crashed = {
    status: "ERROR",
    error_reason: "BUG_IN_SSLYZE",
    error_trace: "Traceback\nValueError: x",
    result: null,
  };
  const port = read({ tls_1_1_cipher_suites: crashed });
  assert.ok(port?.localFailures.includes("tls_1_1_cipher_suites: ERROR BUG_IN_SSLYZE ValueError: x"));
  assert.deepEqual(port?.acceptedVersions, []);
});

test("an accepted suite carries its version, size and group", () => {
  const accepted = completed({
    accepted_cipher_suites: [
      {
        cipher_suite: { name: "TLS_AES_256_GCM_SHA384", key_size: 256 },
        ephemeral_key: { type_name: "ECDH", size: 253, curve_name: "X25519" },
      },
    ],
    rejected_cipher_suites: [],
  });
  const port = read({ tls_1_3_cipher_suites: accepted });
  assert.deepEqual(port?.suites, [
    { version: "TLSv1.3", name: "TLS_AES_256_GCM_SHA384", keySizeBits: 256, ephemeralGroup: "x25519" },
  ]);
  assert.deepEqual(port?.acceptedVersions, ["TLSv1.3"]);
});

test("no connection, no mention and no JSON are failures of the scan", () => {
  const unreachable = { ...aResult({}), scan_result: null, connectivity_error_trace: "x\nrefused" };
  const outputs = [aReport([unreachable]), aReport([]), "Traceback (most recent call last)"];
  const failures = outputs.map((output) => readScan(output, [endpoint])[0]?.localFailures.join() ?? "");
  assert.match(failures[0] ?? "", /no TLS connection: refused/);
  assert.match(failures[1] ?? "", /does not mention this port/);
  assert.match(failures[2] ?? "", /could not be read/);
});

function read(attempts: object): ReturnType<typeof readScan>[number] | undefined {
  return readScan(aReport([aResult(attempts)]), [endpoint])[0];
}

function aReport(results: readonly object[]): string {
  return JSON.stringify({ server_scan_results: results, invalid_server_strings: [] });
}

function aResult(attempts: object): object {
  const none = completed({ accepted_cipher_suites: [], rejected_cipher_suites: [] });
  const scan_result = {
    ssl_2_0_cipher_suites: none,
    ssl_3_0_cipher_suites: none,
    tls_1_0_cipher_suites: none,
    tls_1_1_cipher_suites: none,
    tls_1_2_cipher_suites: none,
    tls_1_3_cipher_suites: none,
    elliptic_curves: completed({ supported_curves: null }),
    certificate_info: completed({ certificate_deployments: [] }),
    ...attempts,
  };
  return { server_location: { port: 443 }, connectivity_status: "COMPLETED", scan_result };
}

function completed(result: object): object {
  return { status: "COMPLETED", error_reason: null, error_trace: null, result };
}

function rejected(...messages: readonly string[]): object {
  const suites = messages.map((error_message) => ({ cipher_suite: { name: "TLS_X" }, error_message }));
  return completed({ accepted_cipher_suites: [], rejected_cipher_suites: suites });
}
