import type { TrafficFrame } from "../../model/session.ts";

const maxFrame = 1024 * 1024;
const maxTotal = 32 * 1024 * 1024;

/** What went over a session's connection after the login, bounded. */
export class Traffic {
  readonly #frames: TrafficFrame[] = [];
  #size = 0;

  add(direction: TrafficFrame["direction"], text: string): void {
    if (this.#size >= maxTotal) return;
    const kept = text.slice(0, maxFrame);
    this.#size += kept.length;
    this.#frames.push({ direction, at: performance.now(), text: kept });
  }

  frames(): readonly TrafficFrame[] {
    return [...this.#frames];
  }
}
