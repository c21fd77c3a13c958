import type { TlsPortReport } from "../model/tools.ts";

// Key-exchange groups of TLS 1.3 that SSLyze's own OpenSSL does not know: the hybrid ones, the Brainpool curves of TLS 1.3
// (RFC 8734) and finite fields. Asked with the openssl of the scanner's image. First all at once: a server that refuses that
// takes none of them, and most do; only where it accepts, each group is offered alone.

/** OpenSSL's names → IANA's. */
const groups: Readonly<Record<string, string>> = {
  brainpoolP256r1tls13: "brainpoolP256r1",
  brainpoolP384r1tls13: "brainpoolP384r1",
  brainpoolP512r1tls13: "brainpoolP512r1",
  ffdhe2048: "ffdhe2048",
  ffdhe3072: "ffdhe3072",
  ffdhe4096: "ffdhe4096",
  X25519MLKEM768: "X25519MLKEM768",
  SecP256r1MLKEM768: "SecP256r1MLKEM768",
  SecP384r1MLKEM1024: "SecP384r1MLKEM1024",
};
const names = Object.keys(groups);
const withinSeconds = 20;

/** What openssl is told about the way TLS begins. */
const startOf: Readonly<Record<"direct" | "xmpp" | "xmpp_server" | "smtp" | "imap", readonly string[]>> = {
  direct: [],
  xmpp: ["-starttls", "xmpp"],
  xmpp_server: ["-starttls", "xmpp-server"],
  smtp: ["-starttls", "smtp"],
  imap: ["-starttls", "imap"],
};

/** Shell lines for one port; all their words are names, so that nothing needs quoting. */
export function groupProbes(
  negotiation: keyof typeof startOf,
  target: { readonly address: string; readonly servername: string },
): readonly string[] {
  // Another name for -xmpphost; SMTP says it in EHLO.
  const start = startOf[negotiation].length === 0 ? [] : [...startOf[negotiation], "-name", target.servername];
  const connect = `timeout ${withinSeconds} openssl s_client -connect ${target.address} -servername ${target.servername}`;
  const kept = `grep -E "^CONNECTED|^New, |alert|errno"`;
  return [
    `offer() { printf Q | ${connect} -tls1_3 -groups $1 ${start.join(" ")} 2>&1 | ${kept}; }`,
    `all=$(offer ${names.join(":")}); echo "# all"; echo "$all"`,
    `case $all in *"Cipher is TLS_"*) for group in ${names.join(" ")}; do echo "# $group"; offer $group; done;; esac`,
  ];
}

/** "accepted", "refused" or what else happened. A connection that the server ends after ClientHello is its own word, as an alert is. */
function outcomeOf(lines: string): string {
  if (/^New, TLSv1\.3, Cipher is TLS_/m.test(lines)) return "accepted";
  if (/SSL alert number|tls alert/.test(lines)) return "refused";
  if (/^CONNECTED/m.test(lines) && /^New, \(NONE\)/m.test(lines) && !/errno/.test(lines)) return "refused";
  return lines.trim().slice(-200) || "no answer";
}

/** Adds what the probes of one port found. */
export function withGroups(port: TlsPortReport, text: string | undefined): TlsPortReport {
  if (port.localFailures.length > 0 || !port.acceptedVersions.includes("TLSv1.3")) return port;
  const parts = (text ?? "").split(/^# (\w+)$/m);
  const outcomes = new Map(
    parts.flatMap((name, at) => (at % 2 === 1 ? [[name, outcomeOf(parts[at + 1] ?? "")] as const] : [])),
  );
  const expected = outcomes.get("all") === "accepted" ? names : ["all"];
  const failures = expected.flatMap((name) => {
    const outcome = outcomes.get(name) ?? "not tried";
    return outcome === "accepted" || outcome === "refused" ? [] : [`group ${name}: ${outcome}`];
  });
  const accepted = names.filter((name) => outcomes.get(name) === "accepted").map((name) => groups[name] ?? name);
  return {
    ...port,
    groups: [...new Set([...port.groups, ...accepted])],
    groupFailures: failures,
  };
}
