import type { Criterion } from "../model/criterion.ts";
import { suggestion } from "../model/nearest.ts";
import type { Path, Problems } from "./problems.ts";
import type { RuleReader } from "./rules.ts";
import type { ChangeFile } from "./schema.ts";

/**
 * Decision b of the catalogue: a profile may switch a row on or off and, for a row it turns into the other type,
 * give type, points, minimum and scale. Nothing else; above all it never changes a measurement.
 */
function applyChange(row: Criterion, change: ChangeFile, path: Path, read: RuleReader, problems: Problems): Criterion {
  const turned = change.ufab !== undefined && change.ufab.type !== row.ufab.type;
  for (const key of ["ufab", "pass", "scale", "rule_text"] as const) {
    if (change[key] !== undefined && !turned) {
      const expected = `no "${key}" unless the profile turns ${row.id} into the other type (it is ${row.ufab.type})`;
      problems.add(path, expected, `"${key}"`, key);
    }
  }
  if (change.because && change.active !== false) {
    problems.add(path, '"because" only beside "active: false"', `"because"`, "because");
  }
  const active = change.active ?? row.active;
  const dropped = change.because && !active ? { dropped: change.because } : {};
  if (!change.ufab || !turned) return { ...row, active, ...dropped };
  if (!change.rule_text) problems.add(path, '"rule_text" that says the new rule in words', "none");
  return {
    ...row,
    active,
    ...dropped,
    ufab: tidy(change.ufab),
    rule: read.rule({ ...change, ufab: change.ufab }, path),
    ruleText: change.rule_text ?? row.ruleText,
    // The new rule has a step for products without the ability; refusing them at the door would exclude them again.
    needs: change.ufab.type === "B" ? [] : row.needs,
  };
}

/** Drops the key of an absent minimum: under exactOptionalPropertyTypes absent and undefined differ. */
export function tidy(ufab: NonNullable<ChangeFile["ufab"]>): Criterion["ufab"] {
  if (ufab.type === "A") return { type: "A" };
  return { type: "B", gp: ufab.gp, ...(ufab.minimum !== undefined && { minimum: ufab.minimum }) };
}

/** Why a key of a row in a profile file is refused: decision b, in words. */
export const profileKeys = (path: Path): string | undefined =>
  path[0] === "criteria" && path.length === 2
    ? 'only "active" and "because", and for a row turned into the other type "ufab", "pass", "scale" and "rule_text": a profile never changes what is measured'
    : undefined;

/** Applies the changes of a profile by row id; an unknown row is a problem at its key. */
export function applyChanges(
  rows: readonly Criterion[],
  changes: Readonly<Record<string, ChangeFile>>,
  pathOf: (id: string) => Path,
  read: RuleReader,
  problems: Problems,
): readonly Criterion[] {
  const ids = rows.map(({ id }) => id);
  for (const id of Object.keys(changes).filter((name) => !ids.includes(name))) {
    problems.add(pathOf(id).slice(0, -1), "the id of a criterion", `"${id}"${suggestion(id, ids)}`, id);
  }
  return rows.map((row) => {
    const change = changes[row.id];
    return change ? applyChange(row, change, pathOf(row.id), read, problems) : row;
  });
}
