import { join } from "node:path";
import { HarnessError } from "../model/errors.ts";
import type { Endpoint, EndpointKind, RunningServer } from "../model/server.ts";
import type { CertificateFacts, TlsPortReport, TlsScanner } from "../model/tools.ts";
import { certificateFacts } from "./certificate-facts.ts";
import type { ImageSource } from "./images.ts";
import type { ToolRequest, ToolResult } from "./run-tool.ts";
import { failedReport, readScan } from "./sslyze-report.ts";
import { lacksStartTls } from "./starttls.ts";
import { withFeatures } from "./tls-features.ts";
import { groupProbes, withGroups } from "./tls-groups.ts";

/** The scanner's image (docs/decisions/002-tls-scanner.md). */
export const tlsScannerImage: ImageSource = { folder: join(import.meta.dirname, "scanner"), name: "tls-scanner" };
/** As pinned in scanner/Dockerfile. */
const scannerVersion = "6.3.1";

/** What the lab lends the scanner. */
export interface TlsScannerPlace {
  /** Runs a command in the scanner's image on the network where the server answers under its domain. */
  run(server: RunningServer, tool: Pick<ToolRequest, "command" | "timeoutMs">): Promise<ToolResult>;
  /** PEM of the certificate the product made for itself; undefined where the candidate names none. Throws when it cannot be read. */
  readGeneratedCertificate(server: RunningServer): Promise<string | undefined>;
}

type Negotiation = "direct" | "xmpp" | "xmpp_server" | "smtp" | "imap";

/** How TLS begins on an endpoint; kinds that are missing here carry no TLS. */
const negotiations: Partial<Readonly<Record<EndpointKind, Negotiation>>> = {
  "matrix-client": "direct",
  "matrix-federation": "direct",
  "xmpp-client": "xmpp",
  "xmpp-client-tls": "direct",
  "xmpp-server": "xmpp_server",
  "xmpp-server-tls": "direct",
  "xmpp-websocket": "direct",
  "xmpp-bosh": "direct",
  "xmpp-https": "direct",
  "irc-tls": "direct",
  "imap-tls": "direct",
  imap: "imap",
  "smtp-tls": "direct",
  "smtp-submission": "smtp",
  "smtp-server": "smtp",
  "admin-http": "direct",
};

/** Measured on 2 busy cores: 4 s for two HTTPS ports, 18 to 30 s for five of XMPP. A server that dies midway costs SSLyze minutes. */
const scanTimeoutMs = 200_000;

/** SSLyze in a container of its own beside the server: what it sees is what another server or a client sees. */
export function createTlsScanner(place: TlsScannerPlace): TlsScanner {
  return {
    name: "SSLyze",
    version: scannerVersion,
    scan: (server) => scan(place, server),
    generatedCertificate: (server) => generatedCertificate(place, server),
  };
}

/** Endpoints scanned in one call of SSLyze: it takes one way of negotiating and one name for all its targets. */
interface Group {
  readonly negotiation: Negotiation;
  readonly servername: string;
  readonly endpoints: readonly Endpoint[];
}

async function scan(
  place: TlsScannerPlace,
  server: RunningServer,
): Promise<{ readonly ports: readonly TlsPortReport[]; readonly raw: string }> {
  const groups = groupsOf(server.endpoints);
  if (groups.length === 0) {
    throw new HarnessError("harness-fault", `expected at least one TLS endpoint on ${server.domain}, it declares none`);
  }
  const command = scanCommand(server.domain, groups);
  const result = await place.run(server, { command, timeoutMs: scanTimeoutMs });
  const parts = splitOutput(result.stdout);
  const read = groups.flatMap((group, index) => readGroup(group, parts.get(index), result));
  const probed = read.map((port) => withGroups(port, parts.get(firstProbe + port.endpoint.labPort)?.text));
  const held = await Promise.all(probed.map((port) => heldAgainstServer(port)));
  const ports = await Promise.all(held.map((port) => withFeatures(port, server.ca)));
  return { ports, raw: evidenceOf(groups, parts, result) };
}

const noStartTls = ({ localFailures }: TlsPortReport): boolean =>
  localFailures.some((failure) => failure.includes("XMPP STARTTLS not supported"));

/** A port that is up and has no TLS to offer is an observation about the server, not a failure of the scan. */
async function heldAgainstServer(port: TlsPortReport): Promise<TlsPortReport> {
  return noStartTls(port) && (await lacksStartTls(port.endpoint)) ? { ...port, localFailures: [] } : port;
}

/** One JSON document, whatever the scanner printed. */
function evidenceOf(groups: readonly Group[], parts: ReadonlyMap<number, ScanPart>, result: ToolResult): string {
  const scans = groups.map(({ negotiation, servername }, index) => {
    const part = parts.get(index);
    return { negotiation, servername, exitCode: part?.exitCode ?? null, output: jsonOrText(part?.text ?? "") };
  });
  const probes = [...parts].filter(([index]) => index >= firstProbe);
  const groupsOfTls13 = Object.fromEntries(probes.map(([index, { text }]) => [index - firstProbe, text.split("\n")]));
  return JSON.stringify({ scanner: `SSLyze ${scannerVersion}`, exitCode: result.exitCode, scans, groupsOfTls13 });
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function readGroup(
  { endpoints }: Group,
  part: ScanPart | undefined,
  { exitCode, stderr, truncated }: ToolResult,
): readonly TlsPortReport[] {
  if (part !== undefined && part.exitCode === 0 && !truncated) return readScan(part.text, endpoints);
  const code = part?.exitCode ?? exitCode;
  const said = truncated ? "more output than is kept" : (part?.text ?? stderr).trim().slice(-300);
  return endpoints.map((endpoint) => failedReport(endpoint, `the scanner ended with code ${code}: ${said}`));
}

/** One endpoint per port: WebSocket, BOSH and uploads often share one. */
function groupsOf(endpoints: readonly Endpoint[]): readonly Group[] {
  const perPort = [...new Map(endpoints.toReversed().map((each) => [each.labPort, each])).values()].toReversed();
  const groups = Map.groupBy(
    perPort.filter(({ kind }) => negotiations[kind] !== undefined),
    ({ kind, servername }) => `${negotiations[kind]} ${servername}`,
  );
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    const negotiation = first === undefined ? undefined : negotiations[first.kind];
    if (first === undefined || negotiation === undefined) return [];
    return [{ negotiation, servername: first.servername, endpoints: members }];
  });
}

const scans = [
  "--sslv2",
  "--sslv3",
  "--tlsv1",
  "--tlsv1_1",
  "--tlsv1_2",
  "--tlsv1_3",
  "--elliptic_curves",
  "--certinfo",
];

/**
 * All groups one after the other (each is parallel in itself; more at once looks like an attack to a server's limits).
 * Names come from the lab (letters, digits, dots, hyphens), so they need no quoting; the check makes sure.
 */
function scanCommand(domain: string, groups: readonly Group[]): readonly [string, ...string[]] {
  const lines = groups.map(({ negotiation, servername, endpoints }, index) => {
    const named = negotiation.startsWith("xmpp") ? ["--xmpp_to", servername] : [];
    const starttls = negotiation === "direct" ? [] : ["--starttls", negotiation, ...named];
    const targets = endpoints.map(({ labPort }) => `${domain}:${labPort}`);
    const words = ["--mozilla_config", "disable", "--quiet", ...scans, "--sni", servername, ...starttls, ...targets];
    const unsafe = words.find((word) => !/^[\w.:-]+$/.test(word));
    if (unsafe !== undefined) throw new HarnessError("harness-fault", `expected a plain name to scan, got "${unsafe}"`);
    const out = `/tmp/${index}.json`;
    return [
      `/opt/scanner/bin/sslyze --json_out ${out} ${words.join(" ")} >/tmp/${index}.log 2>&1`,
      `printf "\\n=== %s %s\\n" ${index} $?; cat ${out} 2>/dev/null || tail -n 5 /tmp/${index}.log`,
    ].join("; ");
  });
  const probes = groups.flatMap(({ negotiation, servername, endpoints }) =>
    endpoints.flatMap(({ labPort }) => [
      `printf "\\n=== %s %s\\n" ${firstProbe + labPort} 0`,
      ...groupProbes(negotiation, { address: `${domain}:${labPort}`, servername }),
    ]),
  );
  return ["sh", "-c", [...lines, ...probes].join("\n")];
}

/** Parts of the output from this number on are the groups of the port whose number is added. */
const firstProbe = 100_000;

interface ScanPart {
  readonly exitCode: number;
  readonly text: string;
}

function splitOutput(stdout: string): ReadonlyMap<number, ScanPart> {
  const parts = stdout.split(/^=== (\d+) (\d+)$/m);
  const found = new Map<number, ScanPart>();
  for (let at = 1; at + 2 < parts.length; at += 3) {
    found.set(Number(parts[at]), { exitCode: Number(parts[at + 1]), text: parts[at + 2] ?? "" });
  }
  return found;
}

async function generatedCertificate(
  place: TlsScannerPlace,
  server: RunningServer,
): Promise<CertificateFacts | undefined> {
  const pem = await place.readGeneratedCertificate(server);
  if (pem === undefined) return undefined;
  try {
    return certificateFacts(pem);
  } catch (cause) {
    throw new HarnessError("lab-fault", `expected a certificate that ${server.domain} made for itself, got none`, {
      cause,
    });
  }
}
