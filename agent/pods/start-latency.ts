// How long a pod took to start on its node, and how much of that the container runtime needed for its sandbox and containers.

export interface StartTimes {
  /** Milliseconds since the agent took the pod up, or since it began a new sandbox for it. */
  readonly ms: number;
  /** Milliseconds of them during which at least one call that makes or starts something was on its way, its wait for a turn included. */
  readonly runtimeMs: number;
}

export class StartLatency {
  readonly #now: () => number;
  #began: number;
  #runtime = 0;
  #calls = 0;
  #since = 0;
  #reported = false;

  constructor(now: () => number) {
    this.#now = now;
    this.#began = now();
  }

  /** A sandbox takes the place of an earlier one: counts from anew. */
  restart(): void {
    this.#began = this.#now();
    this.#runtime = 0;
    this.#reported = false;
  }

  async time<T>(call: Promise<T>): Promise<T> {
    if (this.#calls++ === 0) this.#since = this.#now();
    try {
      return await call;
    } finally {
      if (--this.#calls === 0) this.#runtime += this.#now() - this.#since;
    }
  }

  /** The times of a start that is complete; once for each. */
  finish(): StartTimes | undefined {
    if (this.#reported) return undefined;
    this.#reported = true;
    return { ms: Math.round(this.#now() - this.#began), runtimeMs: Math.round(this.#runtime) };
  }
}
