import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { LoadGateLimits, LoadGate } from "../model/tools.ts";

/** The event-loop monitor samples with this resolution (ms) and reports it inside each value. */
const resolutionMs = 5;

/** Watches the generator itself while it works: load.md 2.3. `stop` gives what it saw. */
export function watchGenerator(): { stop(): { readonly eventLoopDelayP99: number; readonly cpuShare: number } } {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  const cpu = process.cpuUsage();
  const started = performance.now();
  delay.enable();
  return {
    stop() {
      delay.disable();
      const used = process.cpuUsage(cpu);
      return {
        eventLoopDelayP99: Math.max(0, delay.percentile(99) / 1e6 - resolutionMs),
        cpuShare: (used.user + used.system) / 1000 / Math.max(1, performance.now() - started),
      };
    },
  };
}

/** Facts about the generator that must hold for its numbers to say anything about the server. */
export interface GeneratorFacts {
  readonly lagP99Ms: number;
  readonly eventLoopDelayP99Ms: number;
  readonly cpuShare: number;
  readonly droppedShare: number;
  readonly receiversLost: number;
}

/** Each gate with its value and limit; the limits come from criteria.yaml by way of the scenario's parameters. */
export function judgeGates(facts: GeneratorFacts, limits: LoadGateLimits): readonly LoadGate[] {
  const gate = (name: string, value: number, limit: number): LoadGate => ({ name, value, limit, held: value <= limit });
  return [
    gate("generator-lag-p99-ms", facts.lagP99Ms, limits.lagP99Ms),
    gate("event-loop-delay-p99-ms", facts.eventLoopDelayP99Ms, limits.eventLoopDelayP99Ms),
    gate("generator-cpu-share", facts.cpuShare, limits.cpuShare),
    gate("dropped-starts-share", facts.droppedShare, limits.droppedShare),
    gate("receivers-lost", facts.receiversLost, 0),
  ];
}
