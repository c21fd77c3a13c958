import { HarnessError } from "../model/errors.ts";

// Who works on this machine now, who waits for a place, and who waits to have it alone.

/** Tells whether the processor could carry one more deployment. */
export interface Headroom {
  enough(): boolean;
  /** A deployment was just begun: what it takes cannot be seen yet. */
  begun(): void;
}

export interface MachineLimits {
  /** Places at the same time, those waiting to be alone not counted. */
  readonly places: number;
  /** Places that are given whatever the processor does. */
  readonly sure: number;
  /** Servers that may stand ready and wait to be alone. */
  readonly ready: number;
  readonly headroom?: Headroom;
}

/** How a unit shares the machine: beside others, alone from some point on, or alone from its start. */
export type Sharing = "beside" | "alone-later" | "alone";

/** A unit's right to work. */
export interface Place {
  /** Resolves when nobody else works and none is let in until this place is left. Rejects with the signal's reason. */
  alone(signal: AbortSignal): Promise<void>;
  leave(): void;
}

interface Wish {
  readonly sharing: Sharing;
  admit(place: Place): void;
}

interface Holder extends Place {
  readonly sharing: Sharing;
}

interface Turn {
  readonly holder: Holder;
  begin(): void;
}

const lookAgainMs = 500;

/**
 * Admission of one unit after another. A unit that wants the machine alone waits until all that were let in have left or wait
 * for the same; as long as the next one can be let in, that comes first, so that their preparations overlap.
 */
export class Machine {
  readonly #limits: MachineLimits;
  readonly #held = new Set<Holder>();
  readonly #waiting: Turn[] = [];
  #working = 0;
  #alone: Holder | undefined;
  #wish: Wish | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: MachineLimits) {
    this.#limits = limits;
  }

  /** One wish at a time: the next one is made when this has been granted. */
  async enter(sharing: Sharing): Promise<Place> {
    const { promise, resolve } = Promise.withResolvers<Place>();
    this.#wish = { sharing, admit: resolve };
    this.#settle();
    return promise;
  }

  #settle(): void {
    clearTimeout(this.#timer);
    if (this.#alone !== undefined) return;
    if (this.#wish !== undefined && this.#admissible(this.#wish.sharing)) this.#admit(this.#wish);
    else if (this.#working === 0) this.#beginTurn();
    else if (this.#wish !== undefined) this.#timer = setTimeout(() => this.#settle(), lookAgainMs);
  }

  #admissible(sharing: Sharing): boolean {
    const { places, sure, ready, headroom } = this.#limits;
    if (sharing === "alone") return this.#held.size === 0;
    const preparing = [...this.#held].filter((holder) => holder.sharing === "alone-later").length;
    if (sharing === "alone-later" && preparing >= ready) return false;
    if (this.#working >= places) return false;
    return this.#working < sure || headroom === undefined || headroom.enough();
  }

  #admit({ sharing, admit }: Wish): void {
    this.#wish = undefined;
    const holder: Holder = {
      sharing,
      alone: (signal) => this.#takeTurn(holder, signal),
      leave: () => this.#leave(holder),
    };
    this.#held.add(holder);
    this.#working += 1;
    if (sharing === "alone") this.#alone = holder;
    this.#limits.headroom?.begun();
    admit(holder);
  }

  async #takeTurn(holder: Holder, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#alone === holder) return;
    if (!this.#held.has(holder) || this.#turnOf(holder) >= 0)
      throw new HarnessError("harness-fault", "Expected one wish to be alone from a unit that has its place.");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const turn: Turn = { holder, begin: resolve };
    const giveUp = (): void => {
      const place = this.#waiting.indexOf(turn);
      if (place < 0) return;
      this.#waiting.splice(place, 1);
      this.#working += 1;
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    this.#waiting.push(turn);
    this.#working -= 1;
    this.#settle();
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  #turnOf(holder: Holder): number {
    return this.#waiting.findIndex((turn) => turn.holder === holder);
  }

  #beginTurn(): void {
    const turn = this.#waiting.shift();
    if (turn === undefined) return;
    this.#alone = turn.holder;
    this.#working += 1;
    turn.begin();
  }

  #leave(holder: Holder): void {
    if (!this.#held.delete(holder)) return;
    // One that leaves while it waits does not count as working; a turn given to it later would never end.
    const turn = this.#turnOf(holder);
    if (turn >= 0) this.#waiting.splice(turn, 1);
    else this.#working -= 1;
    if (this.#alone === holder) this.#alone = undefined;
    this.#settle();
  }
}
