/**
 * Codes a caller branches on. The first four end a command with exit code 3 or 4,
 * the rest turn a scenario into `inconclusive` (see {@link inconclusiveReasonOf} in verdict.ts).
 */
export type ErrorCode =
  | "bad-input" // a file or flag the user gave is wrong (exit 3)
  | "environment" // Docker, disk, Node … not usable (exit 4)
  | "harness-fault" // our own mistake
  | "deadline" // our own time-out: what we waited for did not come
  | "lab-fault" // a container died, a network is gone, a port is blocked
  | "disconnected" // a session lost its connection without our doing
  | "refused" // the server said no, in its own words; a scenario may expect it
  | "unsupported" // the server or the driver lacks this ability
  | "interrupted"; // SIGINT, SIGTERM

export interface ErrorDetails {
  /** What the user can do about it, one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Machine-readable context, printed with `--json`; never holds secrets. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/** The one error type of the harness. Message: what was expected, what came, where. */
export class HarnessError extends Error {
  override readonly name = "HarnessError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.context = details.context ?? {};
  }
}

/** True for a {@link HarnessError} with one of the given codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is HarnessError {
  return error instanceof HarnessError && codes.includes(error.code);
}
