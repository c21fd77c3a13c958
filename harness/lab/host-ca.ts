import { copyFile } from "node:fs/promises";
import { HarnessError } from "../model/errors.ts";

/** Where the usual systems keep their certificate bundle: Debian, Fedora, Alpine and macOS. */
const bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/** Copies the host's CA bundle (SSL_CERT_FILE first, as OpenSSL does) to `target`. */
export async function copyHostCa(target: string): Promise<void> {
  const named = process.env["SSL_CERT_FILE"];
  for (const path of named === undefined ? bundles : [named, ...bundles]) {
    try {
      return await copyFile(path, target);
    } catch {
      continue;
    }
  }
  throw new HarnessError("environment", "expected a bundle of CA certificates on this machine, found none", {
    hint: "Run: sudo apt-get install ca-certificates, or set SSL_CERT_FILE to your bundle.",
  });
}
