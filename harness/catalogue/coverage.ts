import type { Catalogue } from "../model/criterion.ts";
import { allReferences } from "./references.ts";

/** What a scenario says about itself that the catalogue can be held against. */
export interface ScenarioClaims {
  readonly id: string;
  readonly verifies: readonly string[];
  readonly measures: readonly string[];
}

/** Gaps between catalogue and scenarios. All lists are sorted; empty lists = clean. */
export interface Coverage {
  /** Rows with an automatic part that no scenario decides yet. */
  readonly criteriaWithoutScenario: readonly string[];
  /** Those of them for which the catalogue says why. */
  readonly withoutScenarioBecause: readonly { readonly criterion: string; readonly reason: string }[];
  /** Rows that say why no scenario decides them, although one does. */
  readonly reasonsOutdated: readonly string[];
  /** Rows decided by documents alone. */
  readonly attestedOnly: readonly string[];
  /** Scenarios that decide no row of the catalogue. */
  readonly scenariosWithoutCriterion: readonly string[];
  /** A row names a scenario that exists but does not say it decides the row. */
  readonly rowsNotDelivered: readonly { readonly criterion: string; readonly scenario: string }[];
  /** A scenario says it decides a row that the catalogue gives to another one, or that does not exist. */
  readonly claimsWithoutRow: readonly { readonly scenario: string; readonly criterion: string }[];
  /** Measurements of a claimed row that none of its scenarios emits. */
  readonly measurementsNotEmitted: readonly { readonly criterion: string; readonly measurement: string }[];
  /** Declared, but no row reads or prints them. */
  readonly measurementsNobodyReads: readonly string[];
  /** Emitted, but not declared. */
  readonly measurementsNotDeclared: readonly { readonly scenario: string; readonly measurement: string }[];
}

/** Compares the catalogue with the scenarios that exist. */
export function coverage(catalogue: Catalogue, scenarios: readonly ScenarioClaims[]): Coverage {
  const { criteria } = catalogue;
  const byId = new Map(scenarios.map((scenario) => [scenario.id, scenario]));
  const rows = new Map(criteria.map((row) => [row.id, row]));
  const declared = new Set(catalogue.measurements.map(({ id }) => id));
  const read = new Set(criteria.flatMap((row) => [...row.measurements, ...allReferences(row)].map(({ id }) => id)));
  const delivered = (criterion: string, scenario: string): boolean =>
    byId.get(scenario)?.verifies.includes(criterion) ?? false;
  const automatic = criteria.filter((row) => row.scenarios.length > 0);
  const undelivered = automatic.filter((row) => !row.scenarios.every((scenario) => delivered(row.id, scenario)));
  const emitted = (ids: readonly string[]): ReadonlySet<string> =>
    new Set(ids.flatMap((id) => byId.get(id)?.measures ?? []));
  return {
    criteriaWithoutScenario: undelivered.map(({ id }) => id).toSorted(),
    withoutScenarioBecause: undelivered
      .flatMap(({ id, untested }) => (untested === undefined ? [] : [{ criterion: id, reason: untested.en }]))
      .toSorted((a, b) => a.criterion.localeCompare(b.criterion, "en")),
    reasonsOutdated: criteria
      .filter((row) => row.untested !== undefined && !undelivered.includes(row))
      .map(({ id }) => id)
      .toSorted(),
    attestedOnly: criteria
      .filter((row) => row.scenarios.length === 0)
      .map(({ id }) => id)
      .toSorted(),
    scenariosWithoutCriterion: scenarios
      .filter(({ id }) => !automatic.some((row) => row.scenarios.includes(id)))
      .map(({ id }) => id)
      .toSorted(),
    rowsNotDelivered: automatic.flatMap((row) =>
      row.scenarios
        .filter((scenario) => byId.has(scenario) && !delivered(row.id, scenario))
        .map((scenario) => ({ criterion: row.id, scenario })),
    ),
    claimsWithoutRow: scenarios.flatMap(({ id, verifies }) =>
      verifies
        .filter((criterion) => !rows.get(criterion)?.scenarios.includes(id))
        .map((criterion) => ({ scenario: id, criterion })),
    ),
    measurementsNotEmitted: automatic
      .filter((row) => row.scenarios.every((scenario) => delivered(row.id, scenario)))
      .flatMap((row) =>
        row.measurements
          .filter(({ id }) => !id.startsWith("attest.") && !emitted(row.scenarios).has(id))
          .map(({ id }) => ({ criterion: row.id, measurement: id })),
      ),
    measurementsNobodyReads: [...declared].filter((id) => !read.has(id)).toSorted(),
    measurementsNotDeclared: scenarios.flatMap(({ id, measures }) =>
      measures
        .filter((measurement) => !declared.has(measurement))
        .map((measurement) => ({ scenario: id, measurement })),
    ),
  };
}
