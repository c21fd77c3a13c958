import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import type { Problems } from "../catalogue/problems.ts";
import { refuse } from "../catalogue/problems.ts";
import { openFile, shapeOf } from "../catalogue/yaml-file.ts";
import { HarnessError } from "../model/errors.ts";

const text = z.string().min(1).max(500);
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/u);
const host = z.string().regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/iu);
const port = z.int().min(1).max(65_535);
/** Beside the descriptor, without a way out of its folder. */
const beside = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/u);
const secret = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/u) }),
  z.strictObject({ file: text }),
]);

const common = {
  version: z.literal(1),
  id: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/u),
  title: text,
  vendor: text,
  /** PEM file of the authority that the endpoint's certificate comes from; absent: the public authorities. */
  ca: beside.optional(),
  /** What the operator allows in writing. Without it nothing intrusive is ever tried. */
  permission: z
    .strictObject({
      document: text,
      issuer: text,
      date: day,
      expires: day,
      covers: z.array(z.enum(["functional", "intrusive"])).min(1),
    })
    .optional(),
};

const xmpp = z.strictObject({
  ...common,
  protocol: z.literal("xmpp"),
  endpoint: z.strictObject({ domain: host, host, port, tls: z.enum(["starttls", "direct"]) }),
  accounts: z
    .array(z.strictObject({ name: z.string().regex(/^[^@/\s"&'<>]{1,100}$/u), password: secret }))
    .min(1)
    .max(2),
});

const threema = z.strictObject({
  ...common,
  protocol: z.literal("threema"),
  endpoint: z.strictObject({ host, port, servername: host.optional() }),
  /** Where the gateway posts incoming messages; plain http on loopback, or TLS with both files. */
  callback: z
    .strictObject({ host: z.string().optional(), port, certificate: beside.optional(), key: beside.optional() })
    .optional(),
  accounts: z
    .array(z.strictObject({ name: z.string().regex(/^\*[0-9A-Z]{7}$/u), password: secret, key: secret }))
    .min(1)
    .max(2),
});

/** By protocol, so that a mistake is told for the shape that was meant. */
const shapes = { xmpp, threema } as const;

type File = z.infer<typeof xmpp> | z.infer<typeof threema>;

/** An endpoint that somebody else runs, as its descriptor says; secrets are named, not held. */
export type RemoteEndpoint = File & {
  /** Folder of the descriptor: relative files lie there. */
  readonly folder: string;
  readonly file: { readonly name: string; readonly sha256: string };
};

export type Permission = NonNullable<File["permission"]>;

function shapeFor(data: unknown, problems: Problems): z.ZodType<File> {
  const protocol = (data as { readonly protocol?: unknown } | null)?.protocol;
  if (protocol === "threema" || protocol === "xmpp") return shapes[protocol];
  problems.add(["protocol"], '"xmpp" or "threema"', JSON.stringify(protocol) ?? "nothing");
  return xmpp;
}

function checkMeaning(data: Partial<File>, problems: Problems): void {
  const { permission, accounts } = data;
  if (permission && permission.expires <= permission.date) {
    problems.add(["permission", "expires"], `a day after ${permission.date}`, permission.expires);
  }
  const names = (accounts ?? []).map(({ name }) => name);
  if (new Set(names).size < names.length) problems.add(["accounts"], "accounts with different names", names.join(", "));
  const { callback } = data as { readonly callback?: { readonly certificate?: string; readonly key?: string } };
  if (callback && (callback.certificate === undefined) !== (callback.key === undefined)) {
    problems.add(["callback"], "certificate and key together, or neither", "one of them");
  }
}

/**
 * Reads a descriptor of a remote endpoint.
 * @throws HarnessError `bad-input` naming every mistake with line and column.
 */
export function parseRemote(content: string, path: string): RemoteEndpoint {
  const open = openFile(content, basename(path));
  const { problems } = open;
  const data: unknown = open.document.toJS();
  const shaped = shapeOf(open, shapeFor(data, problems))?.data;
  if (shaped) checkMeaning(shaped, problems);
  refuse(problems.found, "description of a remote endpoint");
  if (!shaped) throw new HarnessError("harness-fault", "A remote endpoint without a shape gave no problem.");
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { ...shaped, folder: dirname(path), file: { name: basename(path), sha256 } };
}

/** The same from a file. Throws `bad-input`. */
export async function loadRemote(path: string): Promise<RemoteEndpoint> {
  const content = await readFile(path, "utf8").catch((error: unknown) => {
    throw new HarnessError("bad-input", `The description ${path} cannot be read.`, {
      cause: error,
      hint: "fixtures/remote/ has examples.",
    });
  });
  return parseRemote(content, path);
}

/** PEM file beside the descriptor. Throws `bad-input`. */
export async function readBeside({ folder }: RemoteEndpoint, name: string): Promise<string> {
  return readFile(join(folder, name), "utf8").catch((error: unknown) => {
    throw new HarnessError("bad-input", `Expected ${name} beside the description, but it cannot be read.`, {
      cause: error,
    });
  });
}
