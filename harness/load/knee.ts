import type { LoadTools } from "../model/tools.ts";

/**
 * The saturation knee as an interval (load.md 6.8): bisection between a rate that should pass and one that should fail.
 *
 * Probes `low` first; if it fails, `lastPassing` is 0. Then `high`; if it passes there is no failing rate (null) and the
 * value is a lower bound. Rates are whole messages per second. At the end both ends are probed once more; if they swap,
 * the interval widens to what held both times.
 */
export const findKnee: LoadTools["knee"] = async ({ low, high, steps, probe }) => {
  const probes: { rate: number; passed: boolean }[] = [];
  const ask = async (rate: number): Promise<boolean> => {
    const passed = await probe(rate);
    probes.push({ rate, passed });
    return passed;
  };
  if (!(await ask(low))) return { lastPassing: 0, firstFailing: low, probes };
  if (await ask(high)) return { lastPassing: high, firstFailing: null, probes };
  let [passing, failing] = [low, high];
  for (let step = 0; step < steps && failing - passing > 1; step += 1) {
    const middle = Math.round((passing + failing) / 2);
    if (await ask(middle)) passing = middle;
    else failing = middle;
  }
  const repeated = await ask(passing);
  if (!repeated) {
    const steady = probes.filter(
      (one) => one.passed && !probes.some((other) => !other.passed && other.rate <= one.rate),
    );
    return { lastPassing: Math.max(0, ...steady.map((one) => one.rate)), firstFailing: passing, probes };
  }
  return { lastPassing: passing, firstFailing: failing, probes };
};
