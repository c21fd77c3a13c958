import { HarnessError } from "../model/errors.ts";
import { paintFor, safe, tell } from "./output.ts";

/** Several lines are meant as such (a list of mistakes); each one is made safe by itself. */
const lines = (text: string): readonly string[] => text.split("\n").map(safe);

/** Says what went wrong and what to do. A stack trace only with PRUEFSTAND_DEBUG, because it helps nobody but us. */
export function tellFailure(error: unknown): void {
  const paint = paintFor(process.stderr);
  if (!(error instanceof HarnessError)) {
    tell(`${paint("bad", "Fault of the bench:")} ${safe(error instanceof Error ? error.message : String(error))}`);
    tell("Run the command again with PRUEFSTAND_DEBUG=1 and report what it prints.");
  } else {
    const [first = "", ...more] = lines(error.message);
    tell(`${paint("bad", "Error:")} ${first}`);
    for (const line of more) tell(`  ${line}`);
    if (error.hint !== undefined) for (const line of lines(error.hint)) tell(line);
  }
  if ((process.env["PRUEFSTAND_DEBUG"] ?? "") !== "" && error instanceof Error) tell(error.stack ?? "");
}

/** The same as data, for `--json`. */
export function failureData(error: unknown): unknown {
  if (!(error instanceof HarnessError)) return { error: { code: "harness-fault", message: String(error) } };
  const { code, message, hint, context } = error;
  return { error: { code, message, ...(hint === undefined ? {} : { hint }), ...context } };
}
