import type { Stopped } from "../../model/lab.ts";
import { holds, Unclear } from "../outcome.ts";
import { exchange, soon } from "../scene.ts";
import type { Scene } from "../scene.ts";
import type { Step } from "../step.ts";

/** What `docker stop` gives a container, and what systemd gives about nine times over. */
const stopWithinMs = 10_000;

const stopped = new WeakMap<Scene, Stopped>();

const stops: Step = {
  id: "stops",
  title: "ends by itself when it is asked to stop",
  expected: `every container ends within ${stopWithinMs / 1000} s after SIGTERM and need not be killed`,
  clause: "Deployment.stop (harness/model/lab.ts): what is killed may lose what it has promised to keep",
  fix: "Let the container's first process be the server (`exec` in start scripts) or pass SIGTERM on; set STOPSIGNAL if it wants another.",
  async run(scene) {
    const { stop } = scene.deployment;
    if (stop === undefined) throw new Unclear("this lab cannot stop a server politely");
    await scene.closeSessions();
    const result = await scene.deployment.stop?.(scene.server, stopWithinMs);
    if (result !== undefined) stopped.set(scene, result);
    const killed = result?.services.filter((one) => one.killed) ?? [];
    holds(
      killed.length === 0,
      killed.map(({ service, tookMs }) => `${service} was killed after ${tookMs} ms`).join("; "),
    );
  },
};

const restarts: Step = {
  id: "restart",
  title: "has everything again after a restart",
  expected:
    "after stop and start people log in with the same password, messages arrive, and a claimed history is still there",
  clause: "Candidate contract: what the server acknowledged outlives its process",
  fix: "Keep data on the container's file system or its volume, not on tmpfs; write before acknowledging.",
  after: ["login", "delivery"],
  async run(scene) {
    const before = stopped.get(scene);
    if (before === undefined) throw new Unclear("the server was not stopped before");
    await before.start();
    const [alice, bob] = [await scene.open("alice"), await scene.open("bob")];
    if (scene.claims("history") && scene.config === "hardened" && scene.chat !== undefined) {
      const { conversation, text } = scene.chat;
      const stored = await alice.history(conversation, 50);
      holds(
        stored.some((message) => message.text === text),
        "the history from before the restart is gone",
      );
    }
    await exchange(alice, bob, soon("Bob reads a message after the restart"));
  },
};

export const lifecycleSteps: readonly Step[] = [stops, restarts];
