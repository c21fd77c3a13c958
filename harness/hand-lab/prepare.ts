import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createAuthority, type CertificateAuthority } from "../lab/ca.ts";
import { secretNamesOf } from "../lab/config-diff.ts";
import { nameServerImage } from "../lab/create-lab.ts";
import { imageSource } from "../lab/deploy-server.ts";
import { ensureImage, type ImageSource } from "../lab/images.ts";
import { renderFiles } from "../lab/render-files.ts";
import { generateSecret } from "../lab/secrets.ts";
import { certificatePaths, type TemplateFacts } from "../lab/templates.ts";
import { imageVariable, namesOf, resolverImage, webImage } from "./compose-file.ts";
import { demoPeople, type DemoPerson } from "./people.ts";
import { authoritiesOf, handConfig } from "./plan.ts";
import type { Authority, Family } from "./plan.ts";
import { writeWeb } from "./web-pages.ts";

export const projectName = "pruefstand-lab";

/** What later steps must know again: written once, kept until `lab down`. */
export interface Prepared {
  readonly people: Readonly<Record<string, readonly DemoPerson[]>>;
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** PEM of the lab's authority. */
  readonly ca: string;
  /** True once the accounts exist. */
  readonly accounts: boolean;
}

/** `root` is the repository's folder: docker-compose.yml names paths relative to it. */
const folderOf = (root: string): string => join(root, "out", "hand-lab");
const stateFile = (root: string): string => join(folderOf(root), "lab.json");

/** What `lab up` prepared before, or undefined. */
export async function readPrepared(root: string): Promise<Prepared | undefined> {
  const text = await readFile(stateFile(root), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Prepared);
}

export async function writePrepared(root: string, prepared: Prepared): Promise<void> {
  await writeFile(stateFile(root), `${JSON.stringify(prepared, undefined, 2)}\n`, { mode: 0o600 });
}

/** Builds what is missing; `.env` then names the tags, so that plain `docker compose` finds them. */
export async function buildImages(
  root: string,
  families: readonly Family[],
  progress: (what: string) => void,
): Promise<void> {
  const own: readonly (readonly [string, ImageSource])[] = [
    [resolverImage, nameServerImage],
    [webImage, { folder: join(import.meta.dirname, "web"), name: webImage }],
  ];
  const servers = families.flatMap(({ authorities: [authority] }) =>
    authority === undefined
      ? []
      : Object.values(authority.candidate.services).map(
          (service) => [service.image, imageSource(authority.candidate, service)] as const,
        ),
  );
  const lines = [`COMPOSE_PROJECT_NAME=${projectName}`];
  for (const [name, source] of new Map([...servers, ...own])) {
    const { tag } = await ensureImage(source, progress);
    lines.push(`${imageVariable(name)}=${tag}`);
  }
  await writeFile(
    join(root, ".env"),
    `# Written by ./pruefstand lab up; read by docker compose.\n${lines.join("\n")}\n`,
  );
}

/** Certificates, configuration files, pages and people of a new lab. */
export async function prepare(root: string, families: readonly Family[]): Promise<Prepared> {
  const folder = folderOf(root);
  await mkdir(folder, { recursive: true });
  // Others on this machine must not read keys; containers see the mounts whatever the folder's mode.
  await chmod(folder, 0o700);
  const authority = createAuthority("to try by hand");
  await writeFile(join(folder, "ca.pem"), authority.certificate);
  const people = new Map(authoritiesOf(families).map((one) => [one.name, demoPeople(one)]));
  const secrets: Record<string, Record<string, string>> = {};
  for (const one of authoritiesOf(families)) {
    const names = await secretNamesOf(one.candidate);
    const own = Object.fromEntries(names.map((name) => [name, generateSecret()]));
    secrets[one.name] = own;
    await writeServer(join(folder, one.name), one, own, authority);
  }
  await writeWeb(join(folder, "web"), families, people);
  const prepared = { people: Object.fromEntries(people), secrets, ca: authority.certificate, accounts: false };
  await writePrepared(root, prepared);
  return prepared;
}

export function factsOf(authority: Authority, secrets: Readonly<Record<string, string>>): TemplateFacts {
  return {
    server: authority.id,
    domain: authority.domain,
    subdomains: authority.candidate.subdomains,
    secrets,
    config: handConfig,
    federationAllow: undefined,
    certs: certificatePaths,
  };
}

async function writeServer(
  folder: string,
  authority: Authority,
  secrets: Readonly<Record<string, string>>,
  issuer: CertificateAuthority,
): Promise<void> {
  const { candidate } = authority;
  const { chain, key } = issuer.issue(namesOf(authority));
  const certificates = { "fullchain.pem": chain, "key.pem": key, "ca.pem": issuer.certificate };
  for (const [name, content] of Object.entries(certificates)) await write(join(folder, "certs", name), content, 0o644);
  const { variables } = candidate.configurations[handConfig];
  for (const file of await renderFiles(candidate, factsOf(authority, secrets), variables)) {
    await write(join(folder, file.service, file.path), file.content, file.mode);
  }
}

async function write(path: string, content: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content, { mode });
  // The mode of writeFile counts for new files only and is cut by the umask; services read as their own users.
  await chmod(path, mode);
}

/** Everything `lab up` wrote, except images. */
export async function removePrepared(root: string): Promise<void> {
  await rm(folderOf(root), { recursive: true, force: true });
  await rm(join(root, ".env"), { force: true });
}
