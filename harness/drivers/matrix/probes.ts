import type { Probes } from "../../model/probes.ts";
import type { Connections } from "./driver.ts";
export function matrixProbes(_c: Connections): Probes {
  return {} as Probes;
}
