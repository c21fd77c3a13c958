/** TCP_LISTEN in the kernel's table (include/net/tcp_states.h). */
const listening = "0A";
/** Addresses as the kernel prints them: hexadecimal, each 32-bit group in host order. 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104. */
const loopback = [/^[0-9A-F]{6}7F$/, /^0{24}01000000$/, /^0{16}FFFF0000[0-9A-F]{6}7F$/];

/** Ports in /proc/net/tcp and /proc/net/tcp6 that take connections from elsewhere than loopback, ascending, each once. */
export function openPorts(tables: string): readonly number[] {
  const ports = tables.split("\n").flatMap((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    if (state !== listening || loopback.some((pattern) => pattern.test(address))) return [];
    return [Number.parseInt(port, 16)];
  });
  return [...new Set(ports)].toSorted((left, right) => left - right);
}
