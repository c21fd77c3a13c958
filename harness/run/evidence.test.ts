import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { evidenceFolder, maximumEvidenceBytes, safeName } from "./evidence.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "pruefstand-evidence-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const hostile = [
  "../../../etc/passwd",
  "..",
  ".",
  "",
  "/etc/shadow",
  "a/../../b.txt",
  "C:\\windows\\x",
  "nul\u0000byte.json",
  "…/…",
  "‮gpj.exe",
  "-rf",
  ".ssh",
  "x".repeat(5_000),
  `${"y".repeat(300)}.chart.json`,
  "a\nb",
  "<script>.html",
];

describe("evidence", () => {
  it("keeps every hostile name inside its folder", async () => {
    const evidence = evidenceFolder(folder, "evidence/SZ-90/fake-hardened", (text) => text);
    for (const name of hostile) {
      const { path } = await evidence.write(name, name);
      assert.match(path, /^evidence\/SZ-90\/fake-hardened\/[A-Za-z0-9][A-Za-z0-9._-]{0,110}$/u);
      assert.ok(resolve(folder, path).startsWith(join(folder, "evidence")));
      assert.equal(await readFile(join(folder, path), "utf8"), name);
    }
    assert.equal((await readdir(join(folder, "evidence/SZ-90/fake-hardened"))).length, hostile.length);
  });

  it("keeps the ending that tells a chart", () => {
    assert.match(safeName(`${"y".repeat(300)}.chart.json`), /^y+\.chart\.json$/u);
    assert.equal(safeName("Übersicht der Ports.json"), "U_bersicht_der_Ports.json");
  });

  it("redacts secrets in texts and in bytes without touching other bytes", async () => {
    const evidence = evidenceFolder(folder, "evidence/secrets", (text) => text.replaceAll("hunter22", "[redacted]"));
    const text = await evidence.write("text.txt", "pass hunter22 ä");
    const bytes = await evidence.write(
      "bytes.bin",
      Buffer.concat([Buffer.from([0, 255, 128]), Buffer.from("hunter22")]),
    );
    assert.equal(await readFile(join(folder, text.path), "utf8"), "pass [redacted] ä");
    assert.deepEqual(
      await readFile(join(folder, bytes.path)),
      Buffer.concat([Buffer.from([0, 255, 128]), Buffer.from("[redacted]")]),
    );
  });

  it("cuts what is too large and says so", async () => {
    const evidence = evidenceFolder(folder, "evidence/large", (text) => text);
    const { path, bytes } = await evidence.write("log.txt", "z".repeat(maximumEvidenceBytes + 1));
    assert.equal(bytes, maximumEvidenceBytes);
    assert.match(
      (await readFile(join(folder, path), "utf8")).slice(-80),
      /\[cut off here: 16777217 bytes, kept 16777216\]\n$/u,
    );
  });

  it("follows no link that lies in its way", async () => {
    const outside = join(folder, "outside.txt");
    await writeFile(outside, "untouched");
    const evidence = evidenceFolder(folder, "evidence/link", (text) => text);
    await evidence.write("first.txt", "1");
    await symlink(outside, join(folder, "evidence/link/trap.txt"));
    await assert.rejects(evidence.write("trap.txt", "overwritten"), { code: "environment" });
    assert.equal(await readFile(outside, "utf8"), "untouched");
  });
});
