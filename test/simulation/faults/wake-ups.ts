// Signals between processes that a type has changed, with everything that queues do to them: lost, doubled, late, out of order.

import type { VirtualClock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { FaultCounts } from './counts.ts';

export type Wake = (type: string, head: number) => void;

export class WakeUps {
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #counts: FaultCounts;
  readonly #listeners = new Set<Wake>();

  constructor(clock: VirtualClock, random: Random, counts: FaultCounts) {
    this.#clock = clock;
    this.#random = random;
    this.#counts = counts;
  }

  listen(wake: Wake): () => void {
    this.#listeners.add(wake);
    return () => this.#listeners.delete(wake);
  }

  send(type: string, head: number): void {
    for (const wake of this.#listeners) {
      const fate = this.#random.next();
      if (fate < 0.1) {
        this.#counts.wakeupsLost++;
        continue;
      }
      const deliver = (ms: number) => this.#clock.after(ms, () => wake(type, head));
      if (fate < 0.2) {
        this.#counts.wakeupsDoubled++;
        deliver(this.#random.between(5, 200));
      }
      if (fate > 0.95) this.#counts.wakeupsLate++;
      deliver(fate > 0.95 ? this.#random.between(500, 5000) : this.#random.between(1, 30));
    }
  }
}
