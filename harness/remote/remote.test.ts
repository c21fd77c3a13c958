import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { GatewayStandIn, newIdentity } from "../drivers/threema/gateway-stand-in.ts";
import { createAuthority } from "../lab/ca.ts";
import { SecretKeeper } from "../lab/secrets.ts";
import { HarnessError } from "../model/errors.ts";
import type { Driver } from "../model/session.ts";
import { checkRemote } from "./checks.ts";
import { loadRemote, parseRemote } from "./descriptor.ts";
import { refusalOf } from "./permission.ts";
import { readSecret } from "./secrets.ts";
import { openRemote } from "./server.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "pruefstand-remote-"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** A port of loopback that was free a moment ago. */
async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    server.close(() => resolve(port));
  });
  return promise;
}

const descriptor = (more = ""): string => `version: 1
id: elsewhere
title: Elsewhere
vendor: Somebody
protocol: xmpp
endpoint: { domain: example.test, host: 127.0.0.1, port: 5222, tls: starttls }
accounts:
  - { name: alice, password: { env: PF_TEST_ALICE } }
  - { name: bob, password: { file: bob.secret } }
${more}`;

const permission = (covers: string): string =>
  `permission: { document: Letter 7, issuer: Operator, date: "2026-11-01", expires: "2026-12-01", covers: [${covers}] }\n`;

const mistakes = (text: string): string => {
  try {
    parseRemote(text, "elsewhere.yaml");
    return "";
  } catch (error) {
    assert.ok(error instanceof HarnessError && error.code === "bad-input");
    return error.message;
  }
};

describe("the description of a remote endpoint", () => {
  it("names all mistakes at once with their places", () => {
    const text = descriptor()
      .replace("port: 5222", "port: 99999")
      .replace("vendor:", "vender:")
      .replace("bob,", "b@b,");
    const found = mistakes(text);
    for (const part of ["elsewhere.yaml:4:1", '"vender"', "99999", "b@b"]) assert.ok(found.includes(part), found);
  });

  it("takes no secret in itself, no shell text as a host and no path as an authority", () => {
    assert.match(mistakes(descriptor().replace("{ env: PF_TEST_ALICE }", "hunter2")), /accounts\[0\]\.password/u);
    assert.match(mistakes(descriptor().replace("127.0.0.1", "'$(id)'")), /endpoint\.host/u);
    assert.match(mistakes(descriptor("ca: ../../etc/passwd\n")), /ca: expected text like/u);
    assert.match(
      mistakes(descriptor().replace("protocol: xmpp", "protocol: smtp")),
      /"xmpp" or "threema", got "smtp"/u,
    );
  });

  it("of the examples is sound", async () => {
    const examples = join(import.meta.dirname, "..", "..", "fixtures", "remote");
    assert.equal((await loadRemote(join(examples, "cisco-jabber.yaml"))).protocol, "xmpp");
    assert.equal((await loadRemote(join(examples, "threema-gateway.yaml"))).protocol, "threema");
  });
});

describe("a written permission", () => {
  const refusal = (more: string, reach: "functional" | "intrusive", on = "2026-11-15") =>
    refusalOf(parseRemote(descriptor(more), "elsewhere.yaml"), reach, on);

  it("is needed for what is intrusive and for nothing else", () => {
    const without = refusal("", "intrusive");
    assert.deepEqual([without?.verdict, without?.code], ["not-tested", "no-permission"]);
    assert.match(without?.text.en ?? "", /^not-tested: no authorisation/u);
    assert.equal(refusal("", "functional"), undefined);
    assert.equal(refusal(permission("intrusive"), "intrusive"), undefined);
  });

  it("does not reach beyond its words and its days", () => {
    assert.match(refusal(permission("functional"), "intrusive")?.text.en ?? "", /does not cover this/u);
    for (const on of ["2026-10-31", "2026-12-01"]) {
      assert.match(refusal(permission("intrusive"), "intrusive", on)?.text.en ?? "", /valid from 2026-11-01/u);
    }
  });
});

describe("a secret", () => {
  const value = `s3cret-${randomBytes(6).toString("hex")}`;
  const file = (name: string): string => join(folder, name);

  it("is read from a file of mode 0600 and from the environment", async () => {
    await writeFile(file("good.secret"), `${value}\n`, { mode: 0o600 });
    assert.equal(await readSecret({ file: "good.secret" }, folder), value);
    process.env["PF_TEST_SECRET"] = value;
    assert.equal(await readSecret({ env: "PF_TEST_SECRET" }, folder), value);
  });

  it("is refused from a file that others may read, from a link and from an empty file, without being shown", async () => {
    const refused = (name: string, words: RegExp) =>
      assert.rejects(readSecret({ file: name }, folder), (error: HarnessError) => {
        assert.equal(error.code, "bad-input");
        assert.match(error.message, words);
        assert.ok(!`${error.message} ${error.hint ?? ""}`.includes(value));
        return true;
      });
    for (const mode of [0o644, 0o640, 0o604, 0o660]) {
      await writeFile(file("open.secret"), value);
      await chmod(file("open.secret"), mode);
      await refused("open.secret", /readable by its owner only, got mode 06/u);
    }
    await symlink(file("good.secret"), file("link.secret"));
    await refused("link.secret", /a regular file, got a link/u);
    await writeFile(file("empty.secret"), "\n", { mode: 0o600 });
    await refused("empty.secret", /got nothing/u);
    await refused("missing.secret", /there is none/u);
    await assert.rejects(readSecret({ env: "PF_TEST_NOT_SET" }, folder), /environment variable PF_TEST_NOT_SET/u);
  });

  it("is kept before anything can print it, and blacked out of what a server echoes", async () => {
    const [own, other] = [`own-${randomBytes(8).toString("hex")}`, `oth-${randomBytes(8).toString("hex")}`];
    process.env["PF_TEST_ALICE"] = own;
    await writeFile(file("bob.secret"), other, { mode: 0o600 });
    await writeFile(file("elsewhere.yaml"), descriptor());
    const remote = await loadRemote(file("elsewhere.yaml"));
    const keeper = new SecretKeeper();
    const opened = await openRemote(remote, (secret) => keeper.add(secret));
    // A hostile server that answers with what it was sent, plain, in base64 and in hexadecimal.
    const echo = async (password: string): Promise<never> => {
      const forms = [
        password,
        Buffer.from(`\0alice\0${password}`).toString("base64"),
        Buffer.from(password).toString("hex"),
      ];
      throw new HarnessError("refused", `got ${forms.join(" ")}`);
    };
    const driver = {
      id: "echo",
      protocol: "xmpp",
      open: (_server, person) => echo(person.password),
      close: () => Promise.resolve(),
    } as Partial<Driver> as Driver;
    const findings = await checkRemote({ remote, opened, driver }, "2026-11-15", (text) => keeper.redact(text));
    const told = JSON.stringify(findings);
    for (const secret of [own, other]) {
      const forms = [
        secret,
        Buffer.from(secret).toString("hex"),
        Buffer.from(`\0alice\0${secret}`).toString("base64").slice(8, -4),
      ];
      for (const form of forms) assert.ok(!told.includes(form), `${form} in ${told}`);
    }
    assert.match(told, /\[redacted\]/u);
    assert.deepEqual(
      findings.map(({ id, outcome }) => [id, outcome]),
      [
        ["login", "failed"],
        // It refuses everybody: that is no observation about wrong passwords.
        ["wrong-password", "not-tested"],
        ["message", "failed"],
        ["guessing", "not-tested"],
      ],
    );
  });
});

describe("remote check against the local stand-in of Threema Gateway", () => {
  const authority = createAuthority("remote-test");
  const certificate = authority.issue(["gateway.stand-in.test"]);
  const callback = authority.issue(["callback.stand-in.test"]);
  const [one, two] = [newIdentity("*REMOTE1"), newIdentity("*REMOTE2")];
  const standIn = new GatewayStandIn({
    certificate: certificate.chain,
    key: certificate.key,
    ca: authority.certificate,
    identities: [one, two],
  });
  let path = "";
  before(async () => {
    const callbackPort = await freePort();
    const port = await standIn.listen();
    for (const { identity } of [one, two]) standIn.callbacks.set(identity, callbackPort);
    const write = (name: string, content: string) => writeFile(join(folder, name), content, { mode: 0o600 });
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
    await write("ca.pem", authority.certificate);
    await write("callback.pem", callback.chain);
    await write("callback.key", callback.key);
    await write("one.key", hex(one.keys.secretKey));
    await write("two.key", hex(two.keys.secretKey));
    path = join(folder, "gateway.yaml");
    await writeFile(
      path,
      `version: 1
id: stand-in
title: Stand-in of Threema Gateway
vendor: this test
protocol: threema
endpoint: { host: 127.0.0.1, port: ${port}, servername: gateway.stand-in.test }
ca: ca.pem
callback: { port: ${callbackPort}, certificate: callback.pem, key: callback.key }
accounts:
  - { name: "${one.identity}", password: { env: PF_ONE }, key: { file: one.key } }
  - { name: "${two.identity}", password: { env: PF_TWO }, key: { file: two.key } }
`,
    );
  });
  after(() => standIn.close());

  /** Not spawnSync: the stand-in lives in this process. */
  async function check(
    env: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number | null; readonly told: string }> {
    const main = join(import.meta.dirname, "..", "cli", "main.ts");
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", main, "remote", "check", path, "--json"],
      {
        env: { ...process.env, NO_COLOR: "1", PRUEFSTAND_DEBUG: "1", ...env },
      },
    );
    let told = "";
    child.stdout.on("data", (data: Buffer) => (told += data.toString("utf8")));
    child.stderr.on("data", (data: Buffer) => (told += data.toString("utf8")));
    const { promise, resolve } = Promise.withResolvers<number | null>();
    child.once("close", resolve);
    return { code: await promise, told };
  }

  it("exchanges an end-to-end encrypted message and leaves guessing alone without a permission", async () => {
    const { code, told } = await check({ PF_ONE: one.secret, PF_TWO: two.secret });
    assert.equal(code, 0, told);
    const findings = JSON.parse(told) as readonly { id: string; outcome: string; reason: string }[];
    assert.deepEqual(
      findings.map(({ id, outcome }) => [id, outcome]),
      [
        ["login", "held"],
        ["wrong-password", "held"],
        ["message", "held"],
        ["guessing", "not-tested"],
      ],
    );
    assert.match(findings[2]?.reason ?? "", /end-to-end encrypted/u);
    assert.match(findings[3]?.reason ?? "", /^not-tested: no authorisation/u);
    assert.ok(standIn.opened.some(({ text }) => text.includes("Grüße <&>")));
  });

  it("prints no secret and no key anywhere, not even with debugging on and a wrong one", async () => {
    const wrong = `wrong-${randomBytes(8).toString("hex")}`;
    const { code, told } = await check({ PF_ONE: wrong, PF_TWO: two.secret });
    assert.equal(code, 1, told);
    assert.match(told, /401 identity or secret is not correct/u);
    const keys = [one, two].map(({ keys: pair }) => Buffer.from(pair.secretKey).toString("hex"));
    for (const secret of [wrong, two.secret, ...keys]) assert.ok(!told.includes(secret), told);
  });
});
