// Time that stands still while anything runs, and jumps to the next event when nothing does.

export class VirtualClock {
  /** Unix milliseconds. */
  now: number;
  /** Events that have happened: the time stamp of histories, finer than `now`. */
  steps = 0;
  readonly #heap: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  #scheduled = 0;

  constructor(startMs: number) {
    this.now = startMs;
  }

  /** Runs `run` in `ms` milliseconds; of two at the same time the one that was scheduled first. */
  after(ms: number, run: () => void): void {
    const heap = this.#heap;
    const event = { at: this.now + Math.max(0, ms), order: this.#scheduled++, run };
    let i = heap.push(event) - 1;
    while (i > 0) {
      const above = (i - 1) >> 1;
      const parent = heap[above];
      if (!parent || !comesFirst(event, parent)) break;
      heap[i] = parent;
      i = above;
    }
    heap[i] = event;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets event after event happen until `done`, or until there are none. */
  async run(done: () => boolean): Promise<void> {
    while (!done()) {
      const event = this.#pop();
      if (!event) return;
      this.now = event.at;
      this.steps++;
      event.run();
      // Whatever the event set off runs to its end before the next one.
      await new Promise(setImmediate);
    }
  }

  #pop() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || first === last) return first;
    let i = 0;
    for (;;) {
      let below = 2 * i + 1;
      let child = heap[below];
      const other = heap[below + 1];
      if (child && other && comesFirst(other, child)) {
        below++;
        child = other;
      }
      if (!child || !comesFirst(child, last)) break;
      heap[i] = child;
      i = below;
    }
    heap[i] = last;
    return first;
  }
}

function comesFirst(a: { at: number; order: number }, b: { at: number; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
