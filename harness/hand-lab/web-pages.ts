import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import Handlebars from "handlebars";
import type { DeclaredEndpoint } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import type { DemoPerson } from "./people.ts";
import { startPort } from "./plan.ts";
import type { Authority, Family } from "./plan.ts";

const sources = join(import.meta.dirname, "web");

/** Unlike configuration files, pages are HTML: everything is escaped. */
const bars = Handlebars.create();
bars.registerHelper("eq", (left: unknown, right: unknown) => left === right);

interface WebClient {
  readonly title: string;
  readonly webClient: string;
  /** The endpoint a browser's requests go to. */
  readonly endpoint: "matrix-client" | "xmpp-websocket";
  /** Files beside index.html. */
  readonly assets: (folder: string) => Promise<void>;
}

const clients: Readonly<Record<string, WebClient>> = {
  matrix: { title: "Matrix", webClient: "Hydrogen", endpoint: "matrix-client", assets: hydrogen },
  xmpp: { title: "XMPP", webClient: "Converse.js", endpoint: "xmpp-websocket", assets: async () => {} },
};

const clientOf = ({ protocol }: Family): WebClient => {
  const client = clients[protocol];
  if (client === undefined) throw new HarnessError("bad-input", `expected a web client for ${protocol}, got none`);
  return client;
};

async function fill(template: string, facts: object, html: boolean): Promise<string> {
  return bars.compile(await readFile(join(sources, template), "utf8"), { strict: true, noEscape: !html })(facts);
}

/** Where a browser's requests end: the endpoint the candidate declares. Throws `bad-input` where it has none for browsers. */
function upstream({ candidate, family }: Authority): DeclaredEndpoint {
  const { endpoint: wanted } = clientOf(family);
  const found = candidate.endpoints.find(({ kind }) => kind === wanted);
  if (found === undefined) {
    throw new HarnessError(
      "bad-input",
      `expected ${candidate.id} to have an endpoint "${wanted}" for browsers, got none`,
    );
  }
  return { ...found, path: found.path ?? "/" };
}

/** Writes the start page, one client for each authority and nginx's configuration below `folder`. */
export async function writeWeb(
  folder: string,
  families: readonly Family[],
  people: ReadonlyMap<string, readonly DemoPerson[]>,
): Promise<void> {
  const authorities = families.flatMap((family) => family.authorities);
  const facts = authorities.map((one) => ({ ...one, protocol: one.family.protocol, client: upstream(one) }));
  await mkdir(join(folder, "pages", "start"), { recursive: true });
  await writeFile(join(folder, "nginx.conf"), await fill("nginx.conf.hbs", { startPort, authorities: facts }, false));
  await writeFile(join(folder, "pages", "start", "index.html"), await startPage(families, people));
  for (const authority of authorities) {
    const own = join(folder, "pages", authority.name);
    await mkdir(own, { recursive: true });
    const groups = `conference.${authority.domain}`;
    const page = `${authority.family.protocol}/index.html.hbs`;
    await writeFile(join(own, "index.html"), await fill(page, { domain: authority.domain, groups }, true));
    await clientOf(authority.family).assets(own);
  }
}

function startPage(families: readonly Family[], people: ReadonlyMap<string, readonly DemoPerson[]>): Promise<string> {
  const facts = families.map((family) => {
    const { title, version } = family.authorities[0]?.candidate ?? { title: "", version: "" };
    const authorities = family.authorities.map(({ id, domain, webPort, name }) => ({
      letter: id.toUpperCase(),
      domain,
      webPort,
      people: people.get(name) ?? [],
    }));
    const { title: protocol, webClient } = clientOf(family);
    return { title: protocol, webClient, product: title, version, authorities };
  });
  return fill("start/index.html.hbs", { families: facts }, true);
}

/** Bundles Hydrogen's SDK, whose package leaves its own dependencies as imports, with the host page's script. */
async function hydrogen(folder: string): Promise<void> {
  const { resolve } = createRequire(import.meta.url);
  const sdk = join(dirname(resolve("hydrogen-view-sdk")), "..");
  const olm = dirname(resolve("@matrix-org/olm", { paths: [sdk] }));
  await build({
    entryPoints: [join(sources, "matrix", "client.js")],
    outfile: join(folder, "client.js"),
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    logLevel: "error",
    // Loaded by a script element at run time, from /olm.
    alias: { "@matrix-org/olm/olm.js": join(sources, "matrix", "no-olm.js") },
  });
  await cp(join(sdk, "asset-build", "assets"), join(folder, "assets"), { recursive: true });
  await cp(join(sdk, "lib-build", "sw.js"), join(folder, "sw.js"));
  await mkdir(join(folder, "olm"), { recursive: true });
  for (const file of ["olm.js", "olm.wasm", "olm_legacy.js"]) await cp(join(olm, file), join(folder, "olm", file));
}
