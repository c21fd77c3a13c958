import type { Ability, ConfigName } from "../model/candidate.ts";
import type { Scene } from "./scene.ts";

/** One sentence of the contract. `run` returns when it holds and throws a Breach (outcome.ts) when it does not. */
export interface Step {
  readonly id: string;
  readonly title: string;
  /** What the bench expects; a Breach may say it more exactly. */
  readonly expected: string;
  readonly clause: string;
  readonly fix: string;
  /** Only for candidates that claim this. */
  readonly claim?: Ability;
  /** Steps that must have passed before. */
  readonly after?: readonly string[];
  /** Abilities are looked at in the hardened configuration: an operator may have to switch them on. */
  readonly config?: ConfigName;
  run(scene: Scene): Promise<void>;
}
