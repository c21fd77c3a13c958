import { performance } from "node:perf_hooks";
import type { LoadTools } from "../model/tools.ts";
import { percentilesOf } from "./percentiles.ts";

/** Logs people in at the schedule's times, open model; latency from the intended time until ready, Infinity for a failure. */
export const loginStorm: LoadTools["loginStorm"] = async (driver, people, schedule) => {
  const start = performance.now();
  const sessions: AsyncDisposable[] = [];
  const latencies = await Promise.all(
    people.map(async (person, index) => {
      const intended = start + (schedule[index] ?? 0);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, intended - performance.now())));
      try {
        sessions.push(await driver.openForLoad(person.server, person));
        return performance.now() - intended;
      } catch {
        return Number.POSITIVE_INFINITY;
      }
    }),
  );
  await Promise.allSettled(sessions.map((session) => session[Symbol.asyncDispose]()));
  return {
    latency: percentilesOf(latencies),
    failures: latencies.filter((latency) => !Number.isFinite(latency)).length,
  };
};
