import type { ConfigName } from "./candidate.ts";
import type { VerdictWord } from "./verdict.ts";

/** A change to one rendered configuration file. `find` must match exactly once, else the control is an error. */
export type FilePatch =
  | { readonly service: string; readonly path: string; readonly append: string }
  | {
      readonly service: string;
      readonly path: string;
      readonly replace: readonly { readonly find: string; readonly with: string }[];
    };

export const standInClients = [
  "copies-plaintext",
  "ignores-retractions",
  "removes-without-effect",
  "shows-replays",
  "shows-altered",
  "copies-surroundings",
  "keeps-message-keys",
  "never-changes-keys",
  "weak-method",
  "trusts-only-known",
  "trusts-unseen",
  "deaf-second-device",
  "accepts-everybody",
  "denies-nobody",
] as const;

/** How a control breaks a server or the lab. */
export interface Sabotage {
  /** Patches to rendered configuration files. */
  readonly files?: readonly FilePatch[];
  /** Variables of the templates to override. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Administration functions replaced by one without effect: a named stand-in for a product whose command does nothing. */
  readonly withoutEffect?: readonly string[];
  /**
   * A hostile stand-in for an honest client: `copies-plaintext` sends a plain copy of everything it encrypts,
   * `ignores-retractions` keeps showing what was taken back, `removes-without-effect` removes nobody from a group,
   * `copies-surroundings` sends reactions, answers, marks and file names in plain beside the sealed ones, `shows-replays` shows what the server sends again, `shows-altered` what it altered, `keeps-message-keys` and `never-changes-keys` undo forward secrecy
   * and healing, `weak-method` names a method of too few bits, `trusts-only-known` is the other way round a careful client: it
   * gives no keys to devices nobody vouches for; `trusts-unseen` takes all devices of a person for verified once one was compared; `accepts-everybody` sets no rule about invitations and blocks nobody, `denies-nobody` shuts no server out of a
   * group; both report success.
   */
  readonly client?: (typeof standInClients)[number];
  /**
   * `stolen-identity`: the hostile authority holds the true keys and certificate of the one it pretends to be; to its partners
   * that is the same as a server that does not check.
   */
  readonly peers?: "stolen-identity";
  /** Every account the lab makes is an administrator: a broken separation of roles. */
  readonly accounts?: "all-administrators";
  /** The certificate the lab hands to the servers: too short a key. */
  readonly certificate?: "rsa-2048";
  /** An under-dimensioned server: its containers get this share of one core from before the named step on. */
  readonly starve?: { readonly cpus: number; readonly before: string };
  readonly lab?: {
    /** A fault of the lab, not of the product; the verdict must be inconclusive. */
    readonly fault: "kill-server" | "pause-server" | "block-ports" | "stop-scanner" | "no-browser";
    /** Seconds after the scenario's start, or the title of the step before which it happens. */
    readonly at: number | string;
  };
}

/** A deliberately broken set-up that a scenario must see. `fixtures/controls/<criterion>-<sabotage>-<candidate>.yaml` */
export interface Control {
  readonly id: string;
  readonly criterion: string;
  readonly scenario: string;
  readonly candidate: string;
  /** Of a scenario between products: whom the broken candidate meets. */
  readonly partner?: string;
  readonly config: ConfigName;
  /** The row reads several configurations (F-08: a mean of both), and all of them are broken in the same way. */
  readonly everyConfig?: boolean;
  readonly explains: { readonly de: string; readonly en: string };
  readonly sabotage: Sabotage;
  /**
   * `not-met` for sabotages, `inconclusive` for broken labs; `partly` is allowed for a B row whose scale has no lower step for this
   * sabotage, `met` where honest products do not meet the row, or with {@link shows}.
   */
  readonly expect: VerdictWord;
  /** A measurement that is only reported has to have this value: it turns no verdict, so the value shows that it was seen. */
  readonly shows?: { readonly measurement: string; readonly value: boolean | number };
  /** Other criteria this sabotage also changes, with the reason. */
  readonly alsoChanges?: Readonly<Record<string, string>>;
}

export type ProofOutcome = "caught" | "missed" | "error";

export interface ProofRecord {
  readonly control: string;
  readonly criterion: string;
  readonly scenario: string;
  readonly candidate: string;
  readonly protocol: string;
  readonly outcome: ProofOutcome;
  readonly expected: VerdictWord;
  /** The reported measurement this control is about, where it is not about the verdict. */
  readonly shows?: string;
  readonly observed: VerdictWord | "none";
  readonly note: string;
  /** ISO time. */
  readonly at: string;
  /** Hash of scenario source, control and candidate folder: an old proof of other code is stale. */
  readonly subject: string;
}
