import type { Criterion, Param } from "../model/criterion.ts";
import type { Path } from "./problems.ts";
import { tidy } from "./profiles.ts";
import type { RuleReader } from "./rules.ts";
import type { CriterionFile } from "./schema.ts";

/** Stands in for a rule whose shape was wrong; such a catalogue is refused before anyone judges by it. */
export const noRule: Criterion["rule"] = { kind: "pass", conditions: [] };

/** A row of the file as a criterion; its rule has been read before. */
export function readCriterion(row: CriterionFile, rule: Criterion["rule"], path: Path, read: RuleReader): Criterion {
  return {
    id: row.id,
    group: row.group,
    title: row.title,
    sources: row.source.map((source) => ({
      clause: source.clause,
      kind: source.kind,
      verified: source.verified ?? "none",
      ...(source.norm !== undefined && { norm: source.norm }),
      ...(source.confidence && { confidence: source.confidence }),
      ...(source.note !== undefined && { note: source.note }),
    })),
    ufab: tidy(row.ufab),
    method: row.method,
    scenarios: row.scenarios,
    measurements: row.measurements.map((measurement) => {
      if (typeof measurement === "string") return { id: measurement };
      const { id, total } = measurement;
      return { id, total: typeof total === "number" ? total : { param: total.slice(1) } };
    }),
    params: Object.fromEntries(Object.entries(row.params).map(([name, value]) => [name, readParam(value)])),
    valid: read.conditions(row.valid, [...path, "valid"]),
    rule,
    report: read.refs(row.report, [...path, "report"]),
    config: row.config,
    evidenceMin: row.evidence_min,
    appliesTo: row.applies_to ?? ["matrix", "xmpp", "attested"],
    needs: row.needs,
    ...(row.pairs && { pairs: row.pairs }),
    active: row.active,
    ruleText: row.rule_text,
    ...(row.note !== undefined && { note: row.note }),
    ...(row.untested !== undefined && { untested: row.untested }),
  };
}

function readParam(param: CriterionFile["params"][string]): Param {
  if (typeof param === "number") return { full: param };
  const { full, compressed, unit } = param;
  return { full, ...(compressed !== undefined && { compressed }), ...(unit !== undefined && { unit }) };
}
