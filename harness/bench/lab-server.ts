import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLab } from "../lab/create-lab.ts";
import type { Candidate, ConfigName } from "../model/candidate.ts";
import type { Lab } from "../model/lab.ts";
import type { Person, RunningServer } from "../model/server.ts";
import { HarnessError } from "../model/errors.ts";

/** A lab of its own in a temporary folder; disposing removes both. */
export async function benchLab(name: string): Promise<AsyncDisposable & { readonly lab: Lab }> {
  const stack = new AsyncDisposableStack();
  const outDir = await mkdtemp(join(tmpdir(), "pruefstand-bench-"));
  stack.defer(() => rm(outDir, { recursive: true, force: true }));
  const lab = stack.use(
    await createLab({ runId: `bench-${name}-${process.pid}`, outDir, signal: new AbortController().signal }),
  );
  return { lab, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** One server of a candidate, images already built. */
export async function benchServer(
  lab: Lab,
  candidate: Candidate,
  config: ConfigName = "default",
): Promise<AsyncDisposable & { readonly server: RunningServer }> {
  const deployment = await lab.deploy({ candidate, config, servers: 1, signal: new AbortController().signal });
  const [server] = deployment.servers;
  if (server === undefined) throw new HarnessError("harness-fault", "expected the lab to give one server");
  return { server, [Symbol.asyncDispose]: () => deployment[Symbol.asyncDispose]() };
}

/** Fresh accounts. */
export async function benchPeople(server: RunningServer, count: number): Promise<readonly Person[]> {
  const accounts = Array.from({ length: count }, (_, index) => ({
    name: `bench${index}`,
    password: `secret-${index}`,
  }));
  await server.administration.createAccounts(accounts);
  return accounts.map((account) => ({
    ...account,
    server,
    address:
      server.candidate.protocol === "matrix" ? `@${account.name}:${server.domain}` : `${account.name}@${server.domain}`,
  }));
}
