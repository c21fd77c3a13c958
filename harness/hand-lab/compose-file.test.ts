import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { candidates } from "../candidates/registry.ts";
import { composeFile } from "./compose-file.ts";
import { planHandLab } from "./plan.ts";

interface ComposeService {
  readonly ports?: readonly string[];
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
}
interface ComposeDocument {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
}

const committed = join(import.meta.dirname, "..", "..", "docker-compose.yml");

describe("docker-compose.yml", () => {
  it("is what the candidates' descriptions give", async () => {
    const written = await readFile(committed, "utf8");
    assert.equal(written, composeFile(planHandLab(candidates)), "write it anew: ./pruefstand lab compose");
  });

  it("publishes on 127.0.0.1 only, each port once, and gives no service more rights than the bench does", () => {
    const { services } = parse(composeFile(planHandLab(candidates))) as ComposeDocument;
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    assert.ok(ports.length > 5);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/u);
    assert.equal(new Set(ports.map((port) => port.split(":")[1])).size, ports.length);
    for (const [name, service] of Object.entries(services)) {
      assert.deepEqual(service.cap_drop, ["ALL"], name);
      assert.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
    }
  });

  it("keeps the authorities of a protocol on a network without a way out", () => {
    const { networks } = parse(composeFile(planHandLab(candidates))) as ComposeDocument;
    const federations = Object.entries(networks).filter(([name]) => name.endsWith("-federation"));
    assert.deepEqual(
      federations.map(([, { internal }]) => internal),
      [true, true],
    );
  });

  it("refuses a registry without a candidate of each protocol", () => {
    assert.throws(() => planHandLab([]), /expected a candidate that speaks matrix, got none/u);
  });
});
