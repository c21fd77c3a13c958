import { execBounded } from "./exec.ts";
import type { ServiceInstance } from "./instance.ts";

/** Where a server's front must be able to get to. */
export interface Line {
  readonly from: ServiceInstance;
  /** The lab's name server on the network of `from`. */
  readonly resolver: string;
  /** A name of the lab to ask for. */
  readonly name: string;
  /** Federation address and port of the other server's front. */
  readonly to: { readonly title: string; readonly address: string; readonly port: number };
}

/** Longest wait for an answer inside the lab, where a round trip takes less than a millisecond. */
const answerSeconds = 5;

/** An A question (RFC 1035, 4.1) as `printf %b` writes it. */
function questionFor(name: string): string {
  const bytes = (values: readonly number[]): string =>
    values.map((value) => `\\x${value.toString(16).padStart(2, "0")}`).join("");
  const labels = name.split(".").map((label) => bytes([label.length]) + label);
  return `${bytes([0x70, 0x66, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])}${labels.join("")}${bytes([0, 0, 1, 0, 1])}`;
}

/**
 * Bash and coreutils alone, which every Debian container has: no tool has to be installed in a candidate's image. dd makes one
 * datagram of the question: bash flushes at byte 10, which is a line feed and the length of "pruefstand".
 */
const script = `
exec 3<>"/dev/udp/$1/53" && printf '%b' "$2" | dd bs=512 iflag=fullblock status=none >&3
[ "$(timeout ${answerSeconds} head -c 12 <&3 | wc -c)" = 12 ] && echo dns-answers || echo dns-silent
timeout ${answerSeconds} bash -c 'exec 4<>"/dev/tcp/$0/$1"' "$3" "$4" 2>&1 && echo line-open || echo "line-closed $?"
`;

/**
 * What is wrong with the lab's own lines between two servers; empty = nothing. A closed port is the product's affair ("connection
 * refused" came back over the line); silence is ours. Without this a silent lab would pass for a product that does not deliver.
 */
export async function lineComplaints({ from, resolver, name, to }: Line): Promise<readonly string[]> {
  const command = ["bash", "-c", script, "line", resolver, questionFor(name), to.address, String(to.port)];
  const { stdout, stderr } = await execBounded(from.container, command, { timeoutMs: answerSeconds * 4_000 });
  const refused = /connection refused/iu.test(stdout);
  return [
    stdout.includes("dns-answers")
      ? ""
      : `${from.title}: the lab's name server gave no answer ${stderr.slice(0, 100)}`.trim(),
    stdout.includes("line-open") || refused
      ? ""
      : `${from.title}: no line to ${to.title}: ${stdout.slice(-200).trim()}`,
  ].filter((complaint) => complaint !== "");
}
