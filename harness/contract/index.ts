export { descriptorProblems } from "./descriptor.ts";
export type { StepOutcome, StepResult } from "./outcome.ts";
export { contractStepIds, runContract } from "./suite.ts";
