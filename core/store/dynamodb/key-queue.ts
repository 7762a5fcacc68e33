// One at a time for each key, within this process: writes that take any state would else take each other's revisions again and again.

export class KeyQueue {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` when everybody who asked for one of these keys before is done. */
  async run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = keys.map((key) => this.#last.get(key));
    const { promise, resolve } = Promise.withResolvers<void>();
    // All at once, so that of two who share keys one stands before the other at each of them.
    for (const key of keys) this.#last.set(key, promise);
    await Promise.all(before);
    try {
      return await work();
    } finally {
      for (const key of keys) if (this.#last.get(key) === promise) this.#last.delete(key);
      resolve();
    }
  }
}
