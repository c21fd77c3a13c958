import type { LoadTools } from "../model/tools.ts";

/** A rate that fails by far leaves a backlog that disturbs what is measured after it, so the search comes from below. */
const growth = 4;

/**
 * The saturation knee as an interval (load.md 6.8): from `low` upwards, four times as much each time and at most `high`, until
 * a rate fails; then at most `steps` bisections between the last that passed and the first that failed.
 *
 * If `low` fails, `lastPassing` is 0. If `high` passes there is no failing rate (null) and the value is a lower bound. Rates
 * are whole messages per second. The passing end is probed once more; if it fails then, only what held counts.
 */
export const findKnee: LoadTools["knee"] = async ({ low, high, steps, probe }) => {
  const probes: { rate: number; passed: boolean }[] = [];
  const ask = async (rate: number): Promise<boolean> => {
    const passed = await probe(rate);
    probes.push({ rate, passed });
    return passed;
  };
  let passing = 0;
  let failing: number | null = null;
  for (let rate = low; failing === null && passing < high; rate = Math.min(high, rate * growth)) {
    if (await ask(rate)) passing = rate;
    else failing = rate;
  }
  if (passing === 0 || failing === null) return { lastPassing: passing, firstFailing: failing, probes };
  for (let step = 0; step < steps && failing - passing > 1; step += 1) {
    const middle = Math.round((passing + failing) / 2);
    if (await ask(middle)) passing = middle;
    else failing = middle;
  }
  if (await ask(passing)) return { lastPassing: passing, firstFailing: failing, probes };
  const steady = probes.filter((one) => one.passed && !probes.some((other) => !other.passed && other.rate <= one.rate));
  return { lastPassing: Math.max(0, ...steady.map((one) => one.rate)), firstFailing: passing, probes };
};
