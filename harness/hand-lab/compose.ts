import { runCommand, canInstallPackages, findCommand, installPackages, type Progress } from "../setup/system.ts";
import { HarnessError } from "../model/errors.ts";

const composeTimeoutMs = 180_000;

/** Compose v2 as docker's plugin, else the distribution's docker-compose; installed where that is allowed. */
async function composeCommand(progress: Progress): Promise<readonly [string, ...string[]]> {
  const plugin = await runCommand(["docker", "compose", "version"], { timeoutMs: 10_000 }).catch(() => undefined);
  if (plugin?.exitCode === 0) return ["docker", "compose"];
  if ((await findCommand("docker-compose")) !== undefined) return ["docker-compose"];
  if (await canInstallPackages()) {
    await installPackages(["docker-compose"], progress);
    return ["docker-compose"];
  }
  throw new HarnessError("environment", "expected docker compose or docker-compose, found neither", {
    hint: "Install it: sudo apt-get install docker-compose, or the Compose plugin of Docker.",
  });
}

/** Runs compose on the repository's docker-compose.yml. Throws `environment` with compose's words when it fails. */
export async function compose(root: string, args: readonly string[], progress: Progress): Promise<void> {
  const command = await composeCommand(progress);
  const result = await runCommand([...command, ...args], { timeoutMs: composeTimeoutMs, cwd: root });
  if (result.exitCode === 0) return;
  throw new HarnessError(
    "environment",
    `expected ${[...command, ...args].join(" ")} to succeed, it ended with ${result.exitCode}: ${result.stderr.trim().slice(-2_000)}`,
    {
      hint: "A port that is taken already is the usual reason: the lab uses 8080 to 8084 and 18100 to 18499 on 127.0.0.1.",
    },
  );
}
