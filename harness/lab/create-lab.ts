import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Candidate } from "../model/candidate.ts";
import { HarnessError } from "../model/errors.ts";
import type { ImageFacts } from "../model/journal.ts";
import type { Deployment, DeployPlan, Lab } from "../model/lab.ts";
import type { BuiltImage } from "./base-image.ts";
import { createAuthority } from "./ca.ts";
import { cleanDeadRuns, cleanRun } from "./clean.ts";
import { diffConfigurations } from "./config-diff.ts";
import { dockerClient, type DockerClient } from "./daemon.ts";
import { imageSource } from "./deploy-server.ts";
import { startDeployment } from "./deployment.ts";
import { execBounded } from "./exec.ts";
import { ensureImage, type ImageSource } from "./images.ts";
import type { ServerInstance } from "./instance.ts";
import { leftoversOf } from "./leftovers.ts";
import { scannerFor } from "./lab-scanner.ts";
import { ownLabels, type Labels } from "./labels.ts";
import { parsePackages } from "./packages.ts";
import { tlsScannerImage } from "./tls-scanner.ts";
import { SecretKeeper } from "./secrets.ts";
import { Slot, SlotPool } from "./slots.ts";

export const nameServerImage: ImageSource = { folder: join(import.meta.dirname, "name-server"), name: "name-server" };

export interface LabOptions {
  readonly runId: string;
  /** The run's folder; gets `ca.pem`. */
  readonly outDir: string;
  /** Aborting ends waits with `interrupted`; the owner then disposes the lab. */
  readonly signal: AbortSignal;
}

/** Removes what dead runs left behind, makes the run's authority, and connects to Docker. Throws `environment` without a daemon. */
export async function createLab(options: LabOptions): Promise<Lab> {
  const docker = await dockerClient();
  await cleanDeadRuns();
  const authority = createAuthority(options.runId);
  await mkdir(options.outDir, { recursive: true });
  await writeFile(join(options.outDir, "ca.pem"), authority.certificate);
  return new DockerLab(docker, authority, options);
}

/** By candidate, by service. */
type BuiltImages = Map<string, ReadonlyMap<string, BuiltImage>>;

class DockerLab implements Lab {
  readonly runId: string;
  readonly #docker: DockerClient;
  readonly #authority: ReturnType<typeof createAuthority>;
  readonly #signal: AbortSignal;
  readonly #keeper = new SecretKeeper();
  readonly #images = new Map<string, Promise<BuiltImage>>();
  readonly #packages = new Map<string, Readonly<Record<string, string>>>();
  readonly #open = new Set<Deployment>();
  #slots: SlotPool | undefined;
  #deployments = 0;

  constructor(docker: DockerClient, authority: ReturnType<typeof createAuthority>, options: LabOptions) {
    this.#docker = docker;
    this.#authority = authority;
    this.#signal = options.signal;
    this.runId = options.runId;
  }

  /** One after the other: two builds at once only take each other's processor. */
  async prepare(candidates: readonly Candidate[], progress: (what: string) => void = () => {}): Promise<void> {
    const sources = candidates.flatMap((candidate) =>
      Object.values(candidate.services).map((service) => imageSource(candidate, service)),
    );
    for (const source of [nameServerImage, ...sources, tlsScannerImage]) await this.#image(source, progress);
  }

  async deploy(plan: DeployPlan): Promise<Deployment> {
    const signal = AbortSignal.any([plan.signal, this.#signal]);
    if (signal.aborted) throw new HarnessError("interrupted", "interrupted before a deployment");
    const { candidate, partner, progress } = plan;
    const built: BuiltImages = new Map();
    for (const each of partner === undefined ? [candidate] : [candidate, partner]) {
      const own = new Map<string, BuiltImage>();
      for (const [name, service] of Object.entries(each.services)) {
        own.set(name, await this.#image(imageSource(each, service), progress));
      }
      built.set(each.id, own);
    }
    const resolver = await this.#image(nameServerImage, progress);
    const number = ++this.#deployments;
    const labels = ownLabels(this.runId);
    const scannerImage = (): Promise<BuiltImage> => this.#image(tlsScannerImage, progress);
    const titles = partner === undefined ? candidate.title : `${candidate.title} with ${partner.title}`;
    progress?.(`starting ${plan.servers} × ${titles} (${plan.config})`);
    const deployment = await startDeployment({
      docker: this.#docker,
      plan: { ...plan, signal },
      authority: this.#authority,
      keeper: this.#keeper,
      labels,
      prefix: `pruefstand-${randomBytes(4).toString("hex")}-${number}`,
      images: new Map([...built].map(([id, own]) => [id, new Map([...own].map(([name, image]) => [name, image.tag]))])),
      slot: this.#takeSlot(resolver.tag, labels),
      giveBack: (slot) => this.#slots?.giveBack(slot),
      facts: (instances) => this.#facts(instances, built),
      scanner: (instances) => scannerFor({ docker: this.#docker, labels, image: scannerImage }, instances),
    });
    this.#open.add(deployment);
    return deployment;
  }

  configDiff(candidate: Candidate): Promise<readonly { readonly path: string; readonly diff: string }[]> {
    return diffConfigurations(candidate);
  }

  redact(text: string): string {
    return this.#keeper.redact(text);
  }

  addSecret(value: string): void {
    this.#keeper.add(value);
  }

  leftovers(volumes: readonly string[]): Promise<readonly string[]> {
    return leftoversOf(this.#docker, this.runId, volumes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open].map((deployment) => deployment[Symbol.asyncDispose]()));
    this.#open.clear();
    await cleanRun(this.runId);
  }

  #takeSlot(resolverImage: string, labels: Labels): Slot {
    this.#slots ??= new SlotPool(() => new Slot(this.#docker, labels, resolverImage));
    return this.#slots.take();
  }

  /** Each image is looked up once a run: its folder does not change under a running bench. */
  #image(source: ImageSource, progress?: (what: string) => void): Promise<BuiltImage> {
    const key = JSON.stringify([source.folder, source.candidate?.folder]);
    const known = this.#images.get(key);
    if (known !== undefined) return known;
    const building = ensureImage(source, progress);
    this.#images.set(key, building);
    building.catch(() => this.#images.delete(key));
    return building;
  }

  /** Versions are asked of a running container, once per image; of several servers of a product the first is asked. */
  async #facts(instances: readonly ServerInstance[], built: BuiltImages): Promise<readonly ImageFacts[]> {
    const [first] = instances;
    const other = instances.find(({ candidate }) => candidate.id !== first?.candidate.id);
    const own = first === undefined ? [] : await this.#factsOf(first, built);
    if (other === undefined) return own;
    const others = await this.#factsOf(other, built);
    return [...own, ...others.map((image) => ({ candidate: other.candidate.id, ...image }))];
  }

  #factsOf({ candidate, services }: ServerInstance, built: BuiltImages): Promise<readonly ImageFacts[]> {
    return Promise.all(
      services.map(async ({ name, service, container }) => {
        const { tag, digest } = built.get(candidate.id)?.get(name) ?? { tag: "", digest: "" };
        if (service.versions !== undefined && !this.#packages.has(tag)) {
          const { stdout } = await execBounded(container, service.versions);
          this.#packages.set(tag, parsePackages(stdout));
        }
        return { service: name, tag, digest, packages: this.#packages.get(tag) ?? {} };
      }),
    );
  }
}
