import { createHash } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { HarnessError } from "../model/errors.ts";
import { journalVersion } from "../model/journal.ts";
import type { JournalEntry, JournalEvent } from "../model/journal.ts";

/** Larger journals are refused: a run of 110 rows × 10 candidates × 5 repetitions stays below 30 MiB. */
const maximumBytes = 512 * 1024 * 1024;

/** Lower-case hexadecimal SHA-256. */
export const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

export interface JournalOptions {
  /** Replaces secrets in every text before it is hashed and written. */
  redact(text: string): string;
  /** ISO time of an entry. */
  now(): string;
}

/** Appends to journal.jsonl. Order of calls is order of lines. */
export interface JournalWriter {
  /**
   * Resolves when the line is on the disk (write and fdatasync).
   * Rejects with `environment` when it cannot be written; from then on every call rejects the same way.
   */
  append(event: JournalEvent): Promise<void>;
  /** Waits for everything appended so far. Rejects as {@link append} does. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}

function redactDeep(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [redact(key), redactDeep(item, redact)]));
}

function writeError(error: unknown, path: string): HarnessError {
  const full = (error as NodeJS.ErrnoException).code === "ENOSPC";
  const what = full ? "the disk is full" : (error as Error).message;
  return new HarnessError("environment", `Expected to write the journal ${path}, but ${what}.`, {
    hint: "Free some space and start the run again; what is in the journal so far can be read and judged.",
    cause: error,
  });
}

/** One write for the whole line; what a failed write left behind is cut off again so that the last line stays whole. */
async function writeLine(file: FileHandle, offset: number, line: Buffer): Promise<void> {
  try {
    const { bytesWritten } = await file.write(line, 0, line.length, offset);
    if (bytesWritten !== line.length) throw Object.assign(new Error("short write"), { code: "ENOSPC" });
    await file.datasync();
  } catch (error) {
    await file.truncate(offset).catch(() => undefined);
    throw error;
  }
}

/** Creates the journal; fails when it already exists, because a journal is never continued. */
export async function createJournal(path: string, options: JournalOptions): Promise<JournalWriter> {
  const file = await open(path, "wx").catch((error: unknown) => {
    throw writeError(error, path);
  });
  let seq = 0;
  let offset = 0;
  let previous = "";
  let queue: Promise<void> = Promise.resolve();

  const writeAfter = async (before: Promise<void>, line: Buffer): Promise<void> => {
    await before;
    try {
      await writeLine(file, offset, line);
    } catch (error) {
      throw writeError(error, path);
    }
    offset += line.length;
  };
  const append = (event: JournalEvent): Promise<void> => {
    const clean = redactDeep(event, options.redact) as JournalEvent;
    const text = JSON.stringify({ seq: seq++, at: options.now(), previous, ...clean });
    previous = sha256(text);
    const line = Buffer.from(`${text}\n`);
    queue = writeAfter(queue, line);
    // The caller may look later (flushed); an unobserved rejection must not end the process.
    queue.catch(() => undefined);
    return queue;
  };
  return {
    append,
    flushed: () => queue,
    close: async () => {
      await queue.catch(() => undefined);
      await file.close();
    },
  };
}

/** A line that does not follow from the one before it. */
export interface ChainBreak {
  /** 1-based. */
  readonly line: number;
  readonly what: string;
}

/** What was read. `breaks` is empty in an untouched journal. */
export interface Journal {
  readonly path: string;
  readonly entries: readonly JournalEntry[];
  /** True when the last line was cut off, as a SIGKILL or a power cut leaves it; it is not among the entries. */
  readonly torn: boolean;
  readonly breaks: readonly ChainBreak[];
  /** SHA-256 of the whole lines. */
  readonly sha256: string;
}

function refuseNewer(path: string, entry: JournalEntry): void {
  if (entry.type !== "run-started" || entry.version <= journalVersion) return;
  throw new HarnessError(
    "bad-input",
    `${path} has version ${String(entry.version)}, this bench reads ${journalVersion}.`,
    {
      hint: "Use the version of Prüfstand that wrote the run, or a newer one.",
    },
  );
}

function parseLine(text: string): JournalEntry | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const entry = value as Partial<JournalEntry> | null;
    if (typeof entry !== "object" || entry === null) return undefined;
    return typeof entry.type === "string" && typeof entry.seq === "number" ? (entry as JournalEntry) : undefined;
  } catch {
    return undefined;
  }
}

function breakOf(entry: JournalEntry | undefined, index: number, previous: string): string | undefined {
  if (entry === undefined) return "is not a journal entry";
  if (entry.seq !== index) return `has number ${entry.seq}, expected ${index}`;
  if (entry.previous !== previous) return "does not carry the hash of the line before it";
  if (index === 0 && entry.type !== "run-started") return `starts with "${entry.type}", expected "run-started"`;
  return undefined;
}

/** Parses the text of a journal. Throws `bad-input` for a newer version only; see {@link requireIntact}. */
export function parseJournal(path: string, content: string): Journal {
  const end = content.lastIndexOf("\n") + 1;
  const lines = content.slice(0, end).split("\n").slice(0, -1);
  const entries: JournalEntry[] = [];
  const breaks: ChainBreak[] = [];
  let previous = "";
  for (const [index, line] of lines.entries()) {
    const entry = parseLine(line);
    const what = breakOf(entry, index, previous);
    if (what !== undefined) breaks.push({ line: index + 1, what });
    if (entry !== undefined) {
      refuseNewer(path, entry);
      entries.push(entry);
    }
    previous = sha256(line);
  }
  return { path, entries, torn: end < content.length, breaks, sha256: sha256(content.slice(0, end)) };
}

/** Reads a journal, whole or torn. Throws `bad-input` when there is none, it is too large, or a newer bench wrote it. */
export async function readJournal(path: string): Promise<Journal> {
  const facts = await stat(path).catch((error: unknown) => {
    throw new HarnessError("bad-input", `Expected a journal at ${path}, but there is none.`, { cause: error });
  });
  if (facts.size > maximumBytes) {
    throw new HarnessError("bad-input", `${path} has ${facts.size} bytes, expected at most ${maximumBytes}.`);
  }
  return parseJournal(path, await readFile(path, "utf8"));
}

/** Throws `bad-input` naming every place where the chain is broken: a changed journal gives no verdicts. */
export function requireIntact(journal: Journal): Journal {
  if (journal.breaks.length === 0 && journal.entries.length > 0) return journal;
  const places = journal.breaks.slice(0, 20).map(({ line, what }) => `line ${line} ${what}`);
  const text = places.length === 0 ? "it has no whole line" : places.join("; ");
  throw new HarnessError(
    "bad-input",
    `Expected an unchanged journal, got a broken chain in ${journal.path}: ${text}.`,
    {
      hint: "Someone or something changed the file after the run; only the original can be judged.",
      context: { breaks: journal.breaks },
    },
  );
}
