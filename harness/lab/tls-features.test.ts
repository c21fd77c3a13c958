import assert from "node:assert/strict";
import { constants } from "node:crypto";
import net, { type AddressInfo } from "node:net";
import { after, test } from "node:test";
import tls from "node:tls";
import type { EndpointKind } from "../model/server.ts";
import type { TlsPortReport } from "../model/tools.ts";
import { createAuthority } from "./ca.ts";
import { failedReport } from "./sslyze-report.ts";
import { withFeatures } from "./tls-features.ts";
import { clientHello, readAnswer } from "./tls-hello.ts";
import { readSession } from "./tls-session.ts";

const domain = "a.pruefstand.test";
const authority = createAuthority("features");
const { chain: cert, key } = authority.issue([domain]);
const open: net.Server[] = [];
after(() => open.forEach((server) => server.close()));

/** A server of Node's own TLS on a free port; `sessionTimeout` in seconds is the lifetime of its tickets. */
async function aServer(options: tls.TlsOptions = {}): Promise<number> {
  const server = tls.createServer({ cert, key, ...options }, (socket) => {
    socket.on("error", () => undefined).on("data", () => socket.write("HTTP/1.1 404 Not Found\r\n\r\n"));
  });
  return listening(server);
}

async function listening(server: net.Server): Promise<number> {
  open.push(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return (server.address() as AddressInfo).port;
}

const reportOn = (
  port: number,
  acceptedVersions: readonly string[] = ["TLSv1.2", "TLSv1.3"],
  kind = "matrix-client",
): TlsPortReport => ({
  ...failedReport(
    { kind: kind as EndpointKind, host: "127.0.0.1", port, labPort: 443, servername: domain, path: "/" },
    "",
  ),
  localFailures: [],
  acceptedVersions,
});

const featuresOf = async (report: TlsPortReport): Promise<NonNullable<TlsPortReport["features"]>> => {
  const { features } = await withFeatures(report, authority.certificate);
  assert.ok(features !== undefined);
  return features;
};

test("a server that renegotiates and keeps tickets for four days is seen to do so", async () => {
  const found = await featuresOf(reportOn(await aServer({ sessionTimeout: 345_600 })));
  assert.deepEqual(found.failures, []);
  assert.equal(found.renegotiation, true);
  assert.equal(found.extendedMasterSecret, true);
  assert.deepEqual(new Set(found.tickets?.map(({ seconds }) => seconds)), new Set([345_600]));
  assert.deepEqual(new Set(found.tickets?.map(({ version }) => version)), new Set(["TLSv1.2", "TLSv1.3"]));
  assert.equal(found.earlyDataBytes, 0);
  assert.deepEqual([found.compression, found.heartbeat, found.truncatedHmac], [false, false, false]);
});

test("a server that refuses renegotiation is seen to refuse it", async () => {
  const found = await featuresOf(reportOn(await aServer({ secureOptions: constants.SSL_OP_NO_RENEGOTIATION })));
  assert.equal(found.renegotiation, false);
});

test("a server without tickets in TLS 1.2 hands out none there", async () => {
  const port = await aServer({ secureOptions: constants.SSL_OP_NO_TICKET, maxVersion: "TLSv1.2" });
  const found = await featuresOf(reportOn(port, ["TLSv1.2"]));
  assert.deepEqual({ tickets: found.tickets, early: found.earlyDataBytes }, { tickets: [], early: 0 });
});

/** A ServerHello that takes up whatever is named. */
function serverHello(compression: number, taken: readonly number[]): Buffer {
  const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);
  const list = Buffer.concat(
    taken.map((type) => Buffer.concat([u16(type), u16(type === 15 ? 1 : 0), Buffer.alloc(type === 15 ? 1 : 0, 1)])),
  );
  const body = Buffer.concat([
    u16(0x03_03),
    Buffer.alloc(32),
    Buffer.of(0),
    u16(0xc0_13),
    Buffer.of(compression),
    u16(list.length),
    list,
  ]);
  const message = Buffer.concat([Buffer.of(2, 0), u16(body.length), body]);
  return Buffer.concat([Buffer.of(22, 3, 3), u16(message.length), message]);
}

const alert = (description: number): Buffer => Buffer.of(21, 3, 3, 0, 2, 2, description);

test("compression, heartbeat and truncated_hmac are seen where a server takes them up", async () => {
  const port = await listening(
    net.createServer(
      (socket) => void socket.on("error", () => undefined).once("data", () => socket.end(serverHello(1, [15, 4]))),
    ),
  );
  const found = await featuresOf(reportOn(port));
  assert.deepEqual([found.compression, found.heartbeat, found.truncatedHmac], [true, true, true]);
  // The rest needs a whole handshake, which this server cannot do: nothing is claimed about it.
  assert.deepEqual([found.renegotiation, found.tickets, found.earlyDataBytes], [undefined, undefined, undefined]);
  assert.equal(found.failures.length, 2, found.failures.join("\n"));
});

test("a server that refuses the whole hello, or is not there, settles nothing", async () => {
  const refusing = await listening(
    net.createServer((socket) => void socket.on("error", () => undefined).once("data", () => socket.end(alert(40)))),
  );
  for (const port of [refusing, 1]) {
    const found = await featuresOf(reportOn(port));
    const { failures, ...settled } = found;
    assert.deepEqual(settled, {});
    assert.equal(failures.length, 3, failures.join("\n"));
  }
});

test("STARTTLS comes first where the port asks for it, and a port without it settles nothing", async () => {
  const secure = tls.createSecureContext({ cert, key });
  const xmpp = (offer: string): net.Server =>
    net.createServer((plain) => {
      plain
        .on("error", () => undefined)
        .once("data", () => {
          plain.write(`<stream:stream id='1'><stream:features>${offer}</stream:features>`);
          plain.once("data", () => {
            plain.write("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
            const secured = new tls.TLSSocket(plain, { isServer: true, secureContext: secure });
            secured.on("error", () => undefined).on("data", () => secured.write("<stream:stream>"));
          });
        });
    });
  const offering = await listening(xmpp("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
  const found = await featuresOf(reportOn(offering, undefined, "xmpp-server"));
  assert.deepEqual(found.failures, []);
  assert.equal(found.compression, false);
  const without = await featuresOf(reportOn(await listening(xmpp("")), undefined, "xmpp-client"));
  assert.match(without.failures.join(), /no STARTTLS/);
  assert.equal(without.compression, undefined);
});

test("mail servers are asked for TLS in their own words", async () => {
  const secure = tls.createSecureContext({ cert, key });
  const mail = (greeting: string, answers: readonly (readonly [RegExp, string])[]): net.Server =>
    net.createServer((plain) => {
      plain.on("error", () => undefined).write(greeting);
      plain.on("data", (data: Buffer) => {
        const line = data.toString("latin1");
        const answer = answers.find(([asked]) => asked.test(line))?.[1] ?? "500 what?\r\n";
        plain.write(answer);
        if (!line.includes("STARTTLS")) return;
        plain.removeAllListeners("data");
        const secured = new tls.TLSSocket(plain, { isServer: true, secureContext: secure });
        secured.on("error", () => undefined).on("data", () => secured.write("* BAD\r\n"));
      });
    });
  const smtp = mail("220 mail\r\n", [
    [/^EHLO /, "250-mail\r\n250-STARTTLS\r\n250 OK\r\n"],
    [/^STARTTLS/, "220 go\r\n"],
  ]);
  const imap = mail("* OK ready\r\n", [[/^a STARTTLS/, "a OK begin\r\n"]]);
  for (const [server, kind] of [
    [smtp, "smtp-submission"],
    [imap, "imap"],
  ] as const) {
    const found = await featuresOf(reportOn(await listening(server), undefined, kind));
    assert.deepEqual(found.failures, [], kind);
    assert.equal(found.compression, false);
  }
});

test("a port without TLS, or one the scanner failed on, is left as it is", async () => {
  const none = reportOn(1, []);
  assert.equal(await withFeatures(none, authority.certificate), none);
  const failed = failedReport(none.endpoint, "nobody listens");
  assert.equal(await withFeatures(failed, authority.certificate), failed);
});

test("an answer is read once it is whole, in however many records it comes", () => {
  const whole = serverHello(0, [23]);
  for (let cut = 0; cut < whole.length; cut++) assert.equal(readAnswer(whole.subarray(0, cut)), undefined);
  const parts = [whole.subarray(5, 20), whole.subarray(20)];
  const records = parts.map((part) => Buffer.concat([Buffer.of(22, 3, 3, 0, part.length), part]));
  assert.deepEqual(readAnswer(Buffer.concat(records)), { compression: 0, extensions: [23] });
  assert.deepEqual(readAnswer(alert(70)), { alert: 70 });
  assert.throws(() => readAnswer(Buffer.from("HTTP/1.1 400")), /record of type/);
});

test("the hello is a whole record that names the server", () => {
  const hello = clientHello(domain, "with-hmac");
  assert.equal(hello.readUInt16BE(3), hello.length - 5);
  assert.ok(hello.includes(domain));
});

test("early data is read from the session's own bytes", () => {
  // max_early_data is field 15 of OpenSSL's SSL_SESSION_ASN1; Node's server cannot offer any.
  const field = (tag: number, ...content: readonly number[]): Buffer => Buffer.of(tag, content.length, ...content);
  const filler = field(0x04, ...Array.from({ length: 120 }, () => 7));
  const fields = Buffer.concat([
    filler,
    filler,
    field(0xa9, 2, 2, 0x1c, 0x20),
    field(0xaa, 4, 1, 9),
    field(0xaf, 2, 2, 0x40, 0),
  ]);
  const bytes = Buffer.concat([Buffer.of(0x30, 0x82, fields.length >> 8, fields.length & 0xff), fields]);
  assert.deepEqual(readSession(bytes), {
    ticket: true,
    lifetime: 7200,
    earlyDataBytes: 16_384,
    extendedMasterSecret: false,
  });
  assert.throws(() => readSession(Buffer.from("no session at all")), /TLS session/);
});
