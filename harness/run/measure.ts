import type { Protocol } from "../model/candidate.ts";
import type { MeasurementDeclaration } from "../model/criterion.ts";
import { HarnessError } from "../model/errors.ts";
import type { MeasurementDetails, MeasurementType, MeasurementValue } from "../model/measurement.ts";
import type { Scenario } from "../model/scenario.ts";

const isAmount = (value: MeasurementValue): boolean =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;

/** What a value of each type looks like (catalogue, section 2b). */
const typeRules: Readonly<
  Record<MeasurementType, { readonly holds: (value: MeasurementValue) => boolean; readonly is: string }>
> = {
  count: { holds: (value) => isAmount(value) && Number.isInteger(value), is: "a whole number from 0" },
  number: { holds: (value) => typeof value === "number" && Number.isFinite(value), is: "a finite number" },
  duration: { holds: (value) => value === null || isAmount(value), is: "seconds from 0, or null for never" },
  ratio: { holds: isAmount, is: "a finite quotient from 0" },
  boolean: { holds: (value) => typeof value === "boolean", is: "true or false" },
};

const fault = (message: string): HarnessError =>
  new HarnessError("harness-fault", message, { hint: "This is a mistake in the scenario or in criteria.yaml." });

/** The declaration of a measurement that this scenario may emit. Throws `harness-fault` when it may not. */
export function declared(
  id: string,
  scenario: Scenario,
  declarations: ReadonlyMap<string, MeasurementDeclaration>,
): MeasurementDeclaration {
  if (!scenario.measures.includes(id)) {
    throw fault(`${scenario.id} emitted "${id}", which its \`measures\` does not name.`);
  }
  const declaration = declarations.get(id);
  if (declaration === undefined) throw fault(`${scenario.id} emitted "${id}", which criteria.yaml does not declare.`);
  return declaration;
}

/** Throws `harness-fault` when the value cannot be a measurement of this kind. */
export function checkValue(
  declaration: MeasurementDeclaration,
  value: MeasurementValue,
  details: MeasurementDetails,
  protocol: Protocol,
): void {
  const { id, type, unit, protocols } = declaration;
  const rule = typeRules[type];
  if (!rule.holds(value)) throw fault(`Expected ${id} to be ${rule.is}, got ${String(value)}.`);
  if (protocols !== undefined && !protocols.includes(protocol)) {
    throw fault(`${id} has no meaning for ${protocol}; the scenario should say notApplicable.`);
  }
  if (details.unit !== undefined && details.unit !== (unit ?? (type === "duration" ? "s" : undefined))) {
    throw fault(`Expected ${id} in ${unit ?? "no unit"}, got ${details.unit}.`);
  }
  if (details.total === undefined) return;
  if (!Number.isInteger(details.total) || details.total < 0) {
    throw fault(`Expected the total of ${id} to be a whole number, got ${details.total}.`);
  }
  if (typeof value === "number" && value > details.total) {
    throw fault(`Expected ${id} to be at most its total ${details.total}, got ${value}.`);
  }
}
