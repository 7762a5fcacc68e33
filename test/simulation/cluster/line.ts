// One process' line to the store: slow both ways, sometimes refused, sometimes without an answer; hints of commits come late,
// twice, or never. A process that crashed hears nothing more, but what it had sent may still arrive.

import { type Store, StoreError, type TypeName, type Write } from '../../../core/store/store.ts';
import type { VirtualClock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Faults, Rates } from './faults.ts';
import type { Truth } from './truth.ts';

export interface Network {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly truth: Truth;
  readonly faults: Faults;
  rates: Rates;
  /** Hints go to every line that is open. */
  readonly lines: Set<Line>;
}

export interface Line extends Store {
  hint(type: TypeName, head: number): void;
  /** As when the process is gone: no answer and no hint gets through any more. */
  cut(): void;
}

export function connect(network: Network): Line {
  const { clock, random, truth, faults, lines } = network;
  const listeners = new Set<(type: TypeName, head: number) => void>();
  let open = true;

  const delay = () => (random.chance(network.rates.slow) ? random.between(50, 2000) : random.between(1, 8));

  function call<T>(read: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void) => {
        clock.after(delay(), () => {
          if (open) settle();
        });
      };
      clock.after(delay(), () => {
        if (random.chance(network.rates.refused)) {
          faults.refused++;
          answer(() => reject(new StoreError({ code: 'throttled', data: { retryAfterMs: 50 } }, 'slow down')));
          return;
        }
        try {
          const value = read();
          answer(() => resolve(value));
        } catch (error) {
          answer(() => reject(error));
        }
      });
    });
  }

  function commit(writes: readonly Write[]) {
    return call(() => {
      const unanswered = random.chance(network.rates.unanswered);
      // Half of the commits without an answer happened.
      if (unanswered && random.chance(0.5)) throw ambiguous(writes);
      const done = truth.commit(writes);
      for (const type of new Set(writes.map((each) => each.type))) notify(network, type);
      if (unanswered) throw ambiguous(writes);
      return done;
    });
  }

  function ambiguous(writes: readonly Write[]): StoreError {
    faults.unanswered++;
    const { type = '', name = '' } = writes[0] ?? {};
    return new StoreError({ code: 'ambiguous', data: { type, name } }, 'no answer');
  }

  const line: Line = {
    get: (type, name) => call(() => truth.get(type, name)),
    list: (type, options = {}) => call(() => truth.list(type, options)),
    log: (type, after, limit) => call(() => truth.log(type, after, limit)),
    // Nothing that is simulated asks for it.
    past: () => call(() => ({ entries: [], gone: true })),
    revisionAt: () => call(() => 0),
    head: (type) => call(() => truth.head(type)),
    bounds: (type) => call(() => ({ compacted: 0, head: truth.head(type) })),
    compact: () => Promise.resolve(),
    types: () => call(() => truth.types()),
    commit,
    commitEach: (writes) =>
      Promise.all(
        writes.map(async (write) => {
          try {
            const [done] = await commit([write]);
            return done ?? { revision: 0 };
          } catch (error) {
            if (error instanceof StoreError) return error;
            throw error;
          }
        }),
      ),
    onCommit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      line.cut();
    },
    hint(type, head) {
      if (open) for (const listener of listeners) listener(type, head);
    },
    cut() {
      open = false;
      lines.delete(line);
    },
  };
  lines.add(line);
  return line;
}

function notify({ clock, random, truth, faults, rates, lines }: Network, type: TypeName): void {
  const head = truth.head(type);
  for (const line of lines) {
    if (random.chance(rates.lostHint)) {
      faults.lostHints++;
      continue;
    }
    const again = random.chance(rates.doubledHint);
    if (again) faults.doubledHints++;
    for (let i = 0; i <= Number(again); i++) {
      const late = random.chance(rates.lateHint);
      if (late) faults.lateHints++;
      clock.after(late ? random.between(500, 20_000) : random.between(1, 10), () => line.hint(type, head));
    }
  }
}
