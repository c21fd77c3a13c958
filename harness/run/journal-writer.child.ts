import { createJournal } from "./journal.ts";

// Writes a journal until it is killed; started by journal.test.ts.
const [path = ""] = process.argv.slice(2);
const journal = await createJournal(path, { redact: (text) => text, now: () => new Date().toISOString() });
const base = { scenario: "SZ-90", candidate: "fake", config: "hardened", run: 1 } as const;
await journal.append({ type: "run-started", version: 1, run: { id: "kill" } as never });
process.stdout.write("started\n");
for (let number = 0; ; number++) {
  const title = `step ${number} ${"x".repeat(number % 3_000)}`;
  await journal.append({ type: "step", ...base, title, tookMs: number });
}
