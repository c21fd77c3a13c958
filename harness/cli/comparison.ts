import type { Result, UsedMeasurement, VerdictRecord } from "../model/result.ts";

/** A verdict that is not the same in both runs; `before` and `after` carry the measured values. */
export interface Move {
  /** "F-01 prosody hardened" */
  readonly id: string;
  readonly before: string;
  readonly after: string;
  /**
   * What else changed than the product's behaviour. Empty: same rule, same values asked, same versions; then the product,
   * the load or chance moved it.
   */
  readonly besides: readonly Besides[];
  /** True when the measured values are the same: only catalogue or judging moved the verdict. */
  readonly valuesSame: boolean;
  /** True when only one of the runs tested the row: nothing moved, one knows more. */
  readonly oneSided: boolean;
}

export type Besides = "catalogue" | "profile" | "bench" | "product" | "plan" | "host" | "proofs";

/** A fact about the runs themselves that is not the same. */
export interface Circumstance {
  readonly what: Besides;
  /** Product it concerns; absent: all. */
  readonly candidate?: string;
  readonly before: string;
  readonly after: string;
}

export interface Comparison {
  readonly circumstances: readonly Circumstance[];
  readonly moves: readonly Move[];
  /** Verdicts that both runs have. */
  readonly compared: number;
}

/** Three decimals are enough to see what moved. */
const plain = (value: UsedMeasurement["value"]): string =>
  typeof value === "number" ? String(Math.round(value * 1000) / 1000) : value === null ? "no limit" : String(value);

const valueText = ({ id, config, value, total, unit }: UsedMeasurement, base: string): string =>
  `${id}${config === base ? "" : `@${config}`} = ${plain(value)}${total === undefined ? "" : `/${total}`}${unit === undefined ? "" : ` ${unit}`}`;

const decidingValues = ({ measurements, config }: VerdictRecord): readonly string[] =>
  measurements.filter(({ role }) => role === "rule").map((one) => valueText(one, config));

function words(record: VerdictRecord): string {
  const { verdict, points } = record;
  const values = decidingValues(record);
  return `${verdict}${points === null ? "" : ` ${points}/10`}${values.length === 0 ? "" : ` (${values.join("; ")})`}`;
}

const keyOf = ({ criterion, candidate, config }: VerdictRecord): string => `${criterion} ${candidate} ${config}`;

/** Old id → new id. */
export type Pairs = ReadonlyMap<string, string>;

/** Generations of a product are candidates named after it: "prosody-0.12". */
const withoutGeneration = (id: string): string => id.replace(/-\d[\d.]*$/u, "");

/** Products of both runs by id; those left over by their name without generation, where that leaves no choice. */
export function pairsOf(before: Result, after: Result): Pairs {
  const ids = ({ run }: Result): readonly string[] => run.candidates.map(({ id }) => id);
  const shared = ids(before).filter((id) => ids(after).includes(id));
  const left = ids(before).filter((id) => !shared.includes(id));
  const right = ids(after).filter((id) => !shared.includes(id));
  const named = (list: readonly string[], id: string): readonly string[] =>
    list.filter((other) => withoutGeneration(other) === withoutGeneration(id));
  const generations = left.flatMap((id): readonly (readonly [string, string])[] => {
    const [only, ...more] = named(right, id);
    return only !== undefined && more.length === 0 && named(left, id).length === 1 ? [[id, only]] : [];
  });
  return new Map([
    ...shared.map((id): [string, string] => [id, id]),
    ...generations.map(([a, b]): [string, string] => [a, b]),
  ]);
}

/** The products of the pairs under their new ids, all others left out. */
function renamed(result: Result, pairs: Pairs): Result {
  const under = <T extends { readonly candidate: string }>(list: readonly T[]): readonly T[] =>
    list.flatMap((one) => {
      const candidate = pairs.get(one.candidate);
      return candidate === undefined ? [] : [{ ...one, candidate }];
    });
  const candidates = result.run.candidates.flatMap((one) => {
    const id = pairs.get(one.id);
    return id === undefined ? [] : [{ ...one, id, version: id === one.id ? one.version : `${one.id} ${one.version}` }];
  });
  return {
    ...result,
    run: { ...result.run, candidates },
    verdicts: under(result.verdicts),
    images: under(result.images),
  };
}

/** Version and image of each product: a new build of the same version is another product. */
function productText({ run, images }: Result, candidate: string): string {
  const version = run.candidates.find(({ id }) => id === candidate)?.version ?? "absent";
  const digests = images.filter((image) => image.candidate === candidate).map(({ digest }) => digest.slice(0, 19));
  return [version, ...digests.toSorted()].join(" ");
}

const planText = ({ run }: Result): string => `${run.size ?? "standard"}, seed ${run.seed}, ${run.repeat} × each`;
const hostText = ({ run: { host } }: Result): string =>
  `${host.cpu}, ${host.cores} cores, kernel ${host.kernel}, Docker ${host.docker}`;

function circumstancesOf(before: Result, after: Result): readonly Circumstance[] {
  const pair = (what: Besides, read: (result: Result) => string): readonly Circumstance[] => {
    const [old, now] = [read(before), read(after)];
    return old === now ? [] : [{ what, before: old, after: now }];
  };
  const shared = after.run.candidates.filter(({ id }) => before.run.candidates.some((other) => other.id === id));
  return [
    ...pair("catalogue", ({ catalogueSha256 }) => catalogueSha256.slice(0, 12)),
    ...pair("profile", ({ profile, profileFile }) => `${profile} ${profileFile?.sha256.slice(0, 12) ?? ""}`.trim()),
    ...pair("bench", ({ run: { harness } }) => `${harness.version} ${harness.commit}${harness.dirty ? " +" : ""}`),
    ...shared.flatMap(({ id }) =>
      pair("product", (result) => productText(result, id)).map((one) => ({ ...one, candidate: id })),
    ),
    ...pair("plan", planText),
    ...pair("host", hostText),
  ];
}

/** Whether a row asks the same in both catalogues; a changed file need not have changed this row. */
function sameRule(before: Result, after: Result, criterion: string): boolean {
  const rule = ({ criteria }: Result): string => {
    const row = criteria.find(({ id }) => id === criterion);
    return JSON.stringify([row?.type, row?.gp, row?.minimum, row?.ruleText, row?.config, row?.scenarios]);
  };
  const asked = ({ verdicts }: Result): string =>
    JSON.stringify(verdicts.find((one) => one.criterion === criterion)?.conditions.map(({ text }) => text));
  return rule(before) === rule(after) && asked(before) === asked(after);
}

function besidesOf(found: readonly Circumstance[], record: VerdictRecord, ruleIsSame: boolean): readonly Besides[] {
  const about = found.filter(({ what, candidate }) => {
    if (what === "catalogue" || what === "profile") return !ruleIsSame;
    return candidate === undefined || candidate === record.candidate;
  });
  return [...new Set(about.map(({ what }) => what))];
}

/**
 * Rows of `after` that `before` had too and that came out differently. Points count as a different outcome, times alone do not.
 * @param pairs products to hold against each other; without it, as {@link pairsOf} finds them
 */
export function compareRuns(old: Result, now: Result, pairs: Pairs = pairsOf(old, now)): Comparison {
  const before = renamed(old, pairs);
  const after = renamed(now, new Map([...pairs.values()].map((id) => [id, id])));
  const circumstances = circumstancesOf(before, after);
  const known = new Map(before.verdicts.map((record) => [keyOf(record), record]));
  const rows = after.verdicts.flatMap((record) => {
    const other = known.get(keyOf(record));
    return other === undefined ? [] : [{ other, record }];
  });
  const moves = rows
    .filter(({ other, record }) => other.verdict !== record.verdict || other.points !== record.points)
    .map(({ other, record }): Move => ({
      id: keyOf(record),
      before: words(other),
      after: words(record),
      besides: besidesOf(circumstances, record, sameRule(before, after, record.criterion)),
      valuesSame: decidingValues(other).join() === decidingValues(record).join(),
      oneSided: (other.verdict === "not-tested") !== (record.verdict === "not-tested"),
    }));
  return { circumstances, moves, compared: rows.length };
}

/** What a move may be owed to, in one sentence part. */
export function causeText({ besides, valuesSame, oneSided }: Move): string {
  if (oneSided) return "tested in one of the runs only";
  const changed = besides.filter((what) => what !== "host");
  if (valuesSame)
    return besides.includes("catalogue") || besides.includes("profile")
      ? "same values: only the rule changed"
      : `same deciding values${changed.length > 0 ? `; changed: ${changed.join(", ")}` : ""}`;
  if (besides.length === 0) return "same versions and rule: the measured behaviour changed";
  return `values differ; changed too: ${besides.join(", ")}`;
}
