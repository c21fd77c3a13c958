import { seededRandom } from "../model/random.ts";
import type { Random } from "../model/random.ts";
import type { ScenarioContext } from "../model/scenario.ts";

/** Without letters and digits that look alike. */
const idAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";
const idLength = 8;

/** The random source a scenario gets: equal for equal seeds. */
export function scenarioRandom(...seed: readonly string[]): ScenarioContext["random"] {
  const source = seededRandom(JSON.stringify(seed));
  const letter = (): string => idAlphabet[source.integer(idAlphabet.length)] as string;
  return {
    integer: (below) => source.integer(below),
    id: (prefix) => `${prefix}-${Array.from({ length: idLength }, letter).join("")}`,
  };
}

/** Fisher–Yates on a copy. */
export function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const copy = [...items];
  for (let index = copy.length - 1; index > 0; index--) {
    const other = random.integer(index + 1);
    [copy[index], copy[other]] = [copy[other] as T, copy[index] as T];
  }
  return copy;
}
