import { HarnessError } from "../model/errors.ts";
import type { Job, Plan } from "../run/plan.ts";
import type { JobOutcome } from "../run/job.ts";
import type { RunObserver } from "../run/observer.ts";
import { duration, fit, paintFor, safe } from "./output.ts";

const redrawMs = 250;
/** The journal holds the whole message. */
const messageRoom = 240;
const jobTitle = ({ scenario, candidate, partner, config, repetition }: Job): string =>
  `${scenario.id} ${scenario.title.en} · ${candidate.title}${partner === undefined ? "" : ` + ${partner.title}`} ${config}${repetition > 1 ? ` #${repetition}` : ""}`;

interface Running {
  readonly job: Job;
  readonly since: number;
  step: string;
}

/** What is shown; equal for both kinds of output. */
interface State {
  readonly started: number;
  readonly running: Map<Job, Running>;
  waiting: Job[];
  total: number;
  done: number;
  note: string;
}

const count = ({ done, total }: State): string => `${done}/${total} done`;

function outcomeWords({ fault, tookMs }: JobOutcome): string {
  return fault === undefined
    ? `measured in ${duration(tookMs)}`
    : `${fault.code}: ${fit(safe(fault.message), messageRoom)}`;
}

export interface ProgressView extends RunObserver {
  /** Removes the live area; nothing is drawn afterwards. */
  stop(): void;
}

type Stream = Pick<NodeJS.WriteStream, "write"> & { readonly isTTY?: boolean; readonly columns?: number };

/** One area at the bottom of the terminal, redrawn in place; lines above it stay. */
function liveArea(stream: Stream, lines: () => readonly string[]): { line(text: string): void; stop(): void } {
  let drawn = 0;
  const clear = (): void => {
    if (drawn > 0) stream.write(`\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  };
  const draw = (): void => {
    clear();
    // A pseudo-terminal without a size says 0.
    const room = Math.max(20, (stream.columns || 80) - 1);
    const area = lines().map((text) => fit(text, room));
    stream.write(area.map((text) => `${text}\n`).join(""));
    drawn = area.length;
  };
  const timer = setInterval(draw, redrawMs);
  timer.unref();
  return {
    line(text) {
      clear();
      stream.write(`${text}\n`);
      draw();
    },
    stop() {
      clearInterval(timer);
      clear();
    },
  };
}

function areaLines(state: State): readonly string[] {
  const now = performance.now();
  const running = [...state.running.values()].map(
    ({ job, since, step }) => `  ▸ ${duration(now - since)}  ${jobTitle(job)}${step === "" ? "" : ` – ${safe(step)}`}`,
  );
  const [next] = state.waiting;
  const ahead = next === undefined ? "" : ` · next: ${jobTitle(next)}`;
  const total =
    state.total === 0 ? state.note : `${count(state)}${ahead}${state.note === "" ? "" : ` · ${state.note}`}`;
  return [...running, `  ${duration(now - state.started)}  ${total}`];
}

/** Shows a run: a live area on a terminal, one line per event elsewhere. */
export function showProgress(stream: Stream = process.stderr): ProgressView {
  const paint = paintFor(stream);
  const live = stream.isTTY === true;
  const state: State = { started: performance.now(), running: new Map(), waiting: [], total: 0, done: 0, note: "" };
  const area = live ? liveArea(stream, () => areaLines(state)) : undefined;
  const stamp = (): string => duration(performance.now() - state.started).padStart(7);
  const line = (text: string): void => {
    if (area === undefined) stream.write(`${stamp()}  ${text}\n`);
    else area.line(`${stamp()}  ${text}`);
  };
  return {
    planned({ jobs, seed }: Plan, runId) {
      state.total = jobs.length;
      state.waiting = [...jobs];
      state.note = "";
      line(`run ${runId}: ${jobs.length} scenario runs, seed ${seed}`);
    },
    progress(what) {
      state.note = safe(what);
      if (!live || state.total === 0) line(safe(what));
    },
    jobStarted(job) {
      state.waiting = state.waiting.filter((other) => other !== job);
      state.running.set(job, { job, since: performance.now(), step: "" });
      if (!live) line(`start  ${jobTitle(job)}`);
    },
    jobStep(job, title) {
      const running = state.running.get(job);
      if (running !== undefined) running.step = title;
    },
    jobEnded(job, outcome) {
      state.running.delete(job);
      state.waiting = state.waiting.filter((other) => other !== job);
      state.done += 1;
      state.note = state.done === state.total ? "removing servers" : "";
      const word = outcome.fault === undefined ? paint("good", "done ") : paint("doubt", "fault");
      line(`${word}  ${jobTitle(job)}: ${outcomeWords(outcome)}  [${count(state)}]`);
    },
    warning: (what) => line(`${paint("doubt", "warning")}  ${safe(what)}`),
    stop: () => area?.stop(),
  };
}

/** Aborts on the first SIGINT or SIGTERM; a second one ends the process at once. */
export function interruptible(): { readonly signal: AbortSignal; release(): void } {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(130);
    process.stderr.write(`\n${name}: stopping, containers are being removed (once more to end at once)\n`);
    stop.abort(new HarnessError("interrupted", `The run was interrupted by ${name}.`));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: stop.signal,
    release() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
