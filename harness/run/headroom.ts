import { cpus } from "node:os";
import type { Headroom } from "./machine.ts";

/** Share of all cores that must be idle for one more deployment. */
const idleShare = 0.2;
/** A deployment shows what it takes only after a while. */
const settleMs = 3_000;
/** Shorter looks see single bursts. */
const leastLookMs = 1_500;

interface Look {
  readonly at: number;
  readonly idle: number;
  readonly all: number;
}

function look(): Look {
  const times = cpus().map((cpu) => cpu.times);
  const idle = times.reduce((sum, each) => sum + each.idle, 0);
  const all = times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle);
  return { at: performance.now(), idle, all };
}

/**
 * Looks at the machine's processors, whoever uses them: scenarios that wait cost nothing, and on a busy machine one more
 * deployment would only make all of them slower.
 */
export function processorHeadroom(): Headroom {
  let before = look();
  let begunAt = Number.NEGATIVE_INFINITY;
  return {
    begun() {
      begunAt = performance.now();
      before = look();
    },
    enough() {
      const now = look();
      if (now.at - begunAt < settleMs || now.at - before.at < leastLookMs) return false;
      const share = (now.idle - before.idle) / Math.max(1, now.all - before.all);
      before = now;
      return share >= idleShare;
    },
  };
}
