import { z } from "zod";
import { parseUntrusted } from "../model/json.ts";
import type { Endpoint } from "../model/server.ts";
import type { CertificateFacts, TlsPortReport } from "../model/tools.ts";
import { certificateFacts } from "./certificate-facts.ts";

/** The parts of SSLyze's JSON output (6.3) that are read; anything else may be there. */
const suite = z.object({
  cipher_suite: z.object({ name: z.string(), key_size: z.number() }),
  ephemeral_key: z.object({ type_name: z.string(), size: z.number(), curve_name: z.string().nullish() }).nullish(),
});
const rejectedSuite = z.object({ cipher_suite: z.object({ name: z.string() }), error_message: z.string() });

const attempt = <T extends z.ZodType>(result: T) =>
  z.object({
    status: z.string(),
    error_reason: z.string().nullish(),
    error_trace: z.string().nullish(),
    result: result.nullish(),
  });

const suitesAttempt = attempt(
  z.object({ accepted_cipher_suites: z.array(suite), rejected_cipher_suites: z.array(rejectedSuite) }),
);

const scanResult = z.object({
  ssl_2_0_cipher_suites: suitesAttempt,
  ssl_3_0_cipher_suites: suitesAttempt,
  tls_1_0_cipher_suites: suitesAttempt,
  tls_1_1_cipher_suites: suitesAttempt,
  tls_1_2_cipher_suites: suitesAttempt,
  tls_1_3_cipher_suites: suitesAttempt,
  elliptic_curves: attempt(z.object({ supported_curves: z.array(z.object({ name: z.string() })).nullish() })),
  certificate_info: attempt(
    z.object({
      certificate_deployments: z.array(
        z.object({ received_certificate_chain: z.array(z.object({ as_pem: z.string() })) }),
      ),
    }),
  ),
});
type ScanResult = z.infer<typeof scanResult>;

const report = z.object({
  server_scan_results: z.array(
    z.object({
      server_location: z.object({ port: z.number() }),
      connectivity_status: z.string(),
      connectivity_error_trace: z.string().nullish(),
      scan_result: scanResult.nullish(),
    }),
  ),
  invalid_server_strings: z.array(z.object({ server_string: z.string(), error_message: z.string() })),
});
type Report = z.infer<typeof report>;

const versions = [
  ["SSLv2", "ssl_2_0_cipher_suites"],
  ["SSLv3", "ssl_3_0_cipher_suites"],
  ["TLSv1.0", "tls_1_0_cipher_suites"],
  ["TLSv1.1", "tls_1_1_cipher_suites"],
  ["TLSv1.2", "tls_1_2_cipher_suites"],
  ["TLSv1.3", "tls_1_3_cipher_suites"],
] as const;

/**
 * What SSLyze calls a rejection although the server has not said no: a time-out, or an error of SSLyze's own OpenSSL while it read
 * the answer. From these nothing follows about the server. Alerts and a closed connection are the server's own words.
 */
const localErrors = [
  /timed out/i,
  /^TLS error: (no cipher match|no ciphers list|bad mac decode|bad decompression|excessive message size)/,
  /^TLS error: (digest check failed|block type is not 01|invalid encoding)/i,
  /^TLS alert: (illegal padding|invalid padding)/i,
];

/** A report on a port about which nothing was learnt. */
export function failedReport(endpoint: Endpoint, failure: string): TlsPortReport {
  return {
    endpoint,
    acceptedVersions: [],
    rejectedVersions: [],
    suites: [],
    chain: [],
    groups: [],
    localFailures: [failure],
  };
}

/** Reads SSLyze's JSON for the given endpoints; each endpoint gets a report, at worst one that says what failed. */
export function readScan(json: string, endpoints: readonly Endpoint[]): readonly TlsPortReport[] {
  const parsed = parse(json);
  if (typeof parsed === "string") return endpoints.map((endpoint) => failedReport(endpoint, parsed));
  return endpoints.map((endpoint) => readPort(parsed, endpoint));
}

function parse(json: string): Report | string {
  try {
    return report.parse(parseUntrusted(json, "the scanner"));
  } catch (error) {
    const words = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return `the scanner's output could not be read: ${words.slice(0, 300)}`;
  }
}

function readPort(parsed: Report, endpoint: Endpoint): TlsPortReport {
  const found = parsed.server_scan_results.find(({ server_location }) => server_location.port === endpoint.labPort);
  if (found === undefined) {
    const why = parsed.invalid_server_strings.find((each) => each.server_string.endsWith(`:${endpoint.labPort}`));
    return failedReport(endpoint, why?.error_message ?? "the scanner does not mention this port");
  }
  if (found.scan_result === null || found.scan_result === undefined) {
    return failedReport(endpoint, `no TLS connection: ${lastLine(found.connectivity_error_trace)}`);
  }
  return portReport(found.scan_result, endpoint);
}

function portReport(result: ScanResult, endpoint: Endpoint): TlsPortReport {
  const suites = versions.flatMap(([version, field]) => acceptedSuites(version, result[field]));
  const { chain, failures } = chainOf(result);
  return {
    endpoint,
    acceptedVersions: versions.map(([version]) => version).filter((each) => suites.some((s) => s.version === each)),
    rejectedVersions: versions.filter(([, field]) => wasRefused(result[field])).map(([version]) => version),
    suites,
    chain,
    groups: groupsOf(result, suites),
    localFailures: [...attemptFailures(result), ...suiteFailures(result), ...failures],
  };
}

type Suite = TlsPortReport["suites"][number];

function acceptedSuites(version: string, { result }: z.infer<typeof suitesAttempt>): readonly Suite[] {
  return (result?.accepted_cipher_suites ?? []).map(({ cipher_suite: { name, key_size }, ephemeral_key: key }) => {
    const group = key === null || key === undefined ? undefined : groupName(key);
    return { version, name, keySizeBits: key_size, ...(group === undefined ? {} : { ephemeralGroup: group }) };
  });
}

/** IANA's names of the groups that SSLyze writes otherwise; finite-field groups by their size. */
function groupName(key: {
  readonly type_name: string;
  readonly size: number;
  readonly curve_name?: string | null | undefined;
}): string {
  const curve = key.curve_name ?? undefined;
  return curve === undefined ? `dh${key.size}` : ianaGroup(curve);
}

function ianaGroup(curve: string): string {
  const prime = /^prime(192|256)v1$/.exec(curve)?.[1];
  if (prime !== undefined) return `secp${prime}r1`;
  return /^x(25519|448)$/i.test(curve) ? curve.toLowerCase() : curve;
}

function groupsOf(result: ScanResult, suites: readonly Suite[]): readonly string[] {
  const curves = (result.elliptic_curves.result?.supported_curves ?? []).map(({ name }) => ianaGroup(name));
  const seen = suites.flatMap(({ ephemeralGroup }) => (ephemeralGroup === undefined ? [] : [ephemeralGroup]));
  return [...new Set([...curves, ...seen])];
}

function chainOf(result: ScanResult): {
  readonly chain: readonly CertificateFacts[];
  readonly failures: readonly string[];
} {
  const deployments = result.certificate_info.result?.certificate_deployments ?? [];
  // A server may hold one chain per key type: leaf first, each certificate once.
  const pems = deployments.flatMap((each) => each.received_certificate_chain.map(({ as_pem }) => as_pem));
  const chain: CertificateFacts[] = [];
  const failures: string[] = pems.length === 0 ? ["the scanner shows no certificate"] : [];
  for (const pem of new Set(pems)) {
    try {
      chain.push(certificateFacts(pem));
    } catch (error) {
      failures.push(`a certificate could not be read: ${String(error).slice(0, 200)}`);
    }
  }
  return { chain, failures };
}

function attemptFailures(result: ScanResult): readonly string[] {
  return Object.entries(result).flatMap(([name, { status, error_reason, error_trace }]) =>
    status === "COMPLETED" ? [] : [`${name}: ${status} ${error_reason ?? ""} ${lastLine(error_trace)}`.trim()],
  );
}

/** Offered with every suite the scanner knows, and each answer was the server's own no. */
function wasRefused({ status, result }: z.infer<typeof suitesAttempt>): boolean {
  const rejected = result?.rejected_cipher_suites ?? [];
  const accepted = result?.accepted_cipher_suites ?? [];
  return status === "COMPLETED" && accepted.length === 0 && rejected.length > 0 && !rejected.some(isLocal);
}

function isLocal({ error_message }: z.infer<typeof rejectedSuite>): boolean {
  return localErrors.some((pattern) => pattern.test(error_message));
}

function suiteFailures(result: ScanResult): readonly string[] {
  return versions.flatMap(([version, field]) => {
    const local = (result[field].result?.rejected_cipher_suites ?? []).filter(isLocal);
    const [first] = local;
    return first === undefined
      ? []
      : [`${version}: ${local.length} suites could not be tried (${first.error_message})`];
  });
}

function lastLine(trace: string | null | undefined): string {
  return (trace ?? "").trim().split("\n").at(-1)?.slice(0, 300) ?? "";
}
