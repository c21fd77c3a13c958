import { HarnessError } from "../model/errors.ts";
import type { ErrorCode } from "../model/errors.ts";

/** What the exit code of every command means; printed by `--help`. */
export const exitCodes = {
  /** Ran; every required criterion of the selection is met. Other commands: done, nothing wrong. */
  met: 0,
  /** Ran; a required criterion is not met or was not tested. verify, diff, prove: something differs or was missed. */
  notMet: 1,
  /** A required criterion is inconclusive, or the bench or its environment failed on the way. */
  inconclusive: 2,
  /** A file, a name or a flag is wrong; nothing was run. */
  badInput: 3,
  /** Docker, disk or another precondition is not usable; nothing was run. */
  environment: 4,
  /** SIGINT or SIGTERM; what was measured so far is reported. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The same table for people. */
export const exitCodeTable = `Exit codes:
  0    ran, and every required criterion is met (other commands: done, nothing wrong)
  1    a required criterion is not met or not tested (verify, diff, prove: something differs or was missed)
  2    inconclusive: the bench, the lab or a measurement could not decide
  3    bad input: a file, a name or an option is wrong; nothing was run
  4    the environment is not usable (Docker, disk …); nothing was run
  130  interrupted`;

const byError: Readonly<Record<ErrorCode, ExitCode>> = {
  "bad-input": exitCodes.badInput,
  environment: exitCodes.environment,
  interrupted: exitCodes.interrupted,
  "harness-fault": exitCodes.inconclusive,
  deadline: exitCodes.inconclusive,
  "lab-fault": exitCodes.inconclusive,
  disconnected: exitCodes.inconclusive,
  refused: exitCodes.inconclusive,
  unsupported: exitCodes.inconclusive,
};

/** Exit code of a command that ended with this error. */
export const exitCodeOf = (error: unknown): ExitCode =>
  error instanceof HarnessError ? byError[error.code] : exitCodes.inconclusive;
