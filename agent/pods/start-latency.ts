// How long a pod took to start on its node, step by step, and how much of that the container runtime needed for its sandbox and containers.

export interface StartTimes {
  /** Milliseconds since the agent took the pod up, or since it began a new sandbox for it. */
  readonly ms: number;
  /** Milliseconds of them during which at least one call that makes or starts something was on its way, its wait for a turn included. */
  readonly runtimeMs: number;
  /** By step, when its first run began and its last one ended, in milliseconds since then. */
  readonly steps: Readonly<Record<string, readonly [began: number, ended: number]>>;
}

export class StartLatency {
  readonly #now: () => number;
  #began: number;
  #runtime = 0;
  #calls = 0;
  #since = 0;
  #steps = new Map<string, [number, number]>();
  #reported = false;

  constructor(now: () => number) {
    this.#now = now;
    this.#began = now();
  }

  /** A sandbox takes the place of an earlier one: counts from anew. */
  restart(): void {
    this.#began = this.#now();
    this.#runtime = 0;
    this.#steps.clear();
    this.#reported = false;
  }

  /** A call of the runtime that makes or starts something. */
  async time<T>(step: string, call: Promise<T>): Promise<T> {
    if (this.#calls++ === 0) this.#since = this.#now();
    try {
      return await this.step(step, call);
    } finally {
      if (--this.#calls === 0) this.#runtime += this.#now() - this.#since;
    }
  }

  /** Anything else that a start waits for. */
  async step<T>(step: string, work: Promise<T>): Promise<T> {
    // Of a pod that runs, nobody asks any more.
    if (this.#reported) return work;
    const began = this.#now() - this.#began;
    try {
      return await work;
    } finally {
      this.#steps.set(step, [this.#steps.get(step)?.[0] ?? began, this.#now() - this.#began]);
    }
  }

  /** The times of a start that is complete; once for each. */
  finish(): StartTimes | undefined {
    if (this.#reported) return undefined;
    this.#reported = true;
    return {
      ms: Math.round(this.#now() - this.#began),
      runtimeMs: Math.round(this.#runtime),
      steps: Object.fromEntries(this.#steps),
    };
  }
}
