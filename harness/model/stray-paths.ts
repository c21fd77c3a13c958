// Paths that lead out of a store of files when a server puts them together with its own folder (incident MEDIA: CVE-2021-41281).
// The file they aim at exists in every container and is nobody's upload.

const up = 8;
const climb = (step: string, slash: string): string => `${step.repeat(up)}etc${slash}passwd`;

/** In place of the name of a file; none of them is changed by a client that normalises addresses (RFC 3986, 5.2.4). */
export const strayNames: readonly string[] = [
  climb("..%2f", "%2f"),
  climb("%2e%2e%2f", "%2f"),
  climb("..%252f", "%252f"),
  climb("..%5c", "%5c"),
  climb("....%2f%2f", "%2f"),
  "%2fetc%2fpasswd",
];

/** From the root of a server. */
export const strayPath = "/etc/passwd";

/** The answer holds the file at which stray paths aim; a status may stand before it. */
export const isStrayFile = (text: string): boolean => /(?:^|\s)root:[^:\n]{0,200}:0:0:/.test(text);
