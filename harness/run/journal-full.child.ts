import type { HarnessError } from "../model/errors.ts";
import { createJournal } from "./journal.ts";

// Writes until the file may not grow any more (ulimit -f); started by journal.test.ts. SIGXFSZ would end the process otherwise.
process.on("SIGXFSZ", () => undefined);
const [path = ""] = process.argv.slice(2);
const journal = await createJournal(path, { redact: (text) => text, now: () => "" });
try {
  await journal.append({ type: "run-started", version: 1, run: { id: "full" } as never });
  for (;;) await journal.append({ type: "run-ended", outcome: "completed" });
} catch (error) {
  process.stdout.write(`${(error as HarnessError).code}: ${(error as HarnessError).message}`);
  await journal.close();
}
