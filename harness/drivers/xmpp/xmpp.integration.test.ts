import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { candidates } from "../../candidates/registry.ts";
import { createLab } from "../../lab/create-lab.ts";
import { describeDriver, type ContractSubject } from "../contract.ts";
import { createXmppDriver } from "./index.ts";

async function deployed(candidate: (typeof candidates)[number]): Promise<ContractSubject> {
  const stack = new AsyncDisposableStack();
  const outDir = await mkdtemp(join(tmpdir(), "pruefstand-xmpp-"));
  stack.defer(() => rm(outDir, { recursive: true, force: true }));
  const { signal } = new AbortController();
  const lab = stack.use(await createLab({ runId: `xmpp-${process.pid}-${candidate.id}`, outDir, signal }));
  const deployment = stack.use(await lab.deploy({ candidate, config: "hardened", servers: 1, signal }));
  const [server] = deployment.servers;
  if (server === undefined) throw new Error("the lab gave no server");
  const driver = createXmppDriver();
  stack.defer(() => driver.close());
  return {
    driver,
    server,
    faults: deployment.faults,
    address: (name) => `${name}@${server.domain}`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

// The standard set: what the driver meets on an old generation is told by its scenarios.
for (const candidate of candidates.filter(({ protocol, standard }) => protocol === "xmpp" && standard === true)) {
  describeDriver(`XMPP driver on ${candidate.title}`, () => deployed(candidate));
}
