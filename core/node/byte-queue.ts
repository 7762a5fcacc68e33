// Bytes between one who pushes and one who reads, with a mark above which the pusher should wait.

/** What a chunk takes beside its bytes: a peer that sends single bytes fills the memory of a hundred. */
const chunkOverhead = 100;

export class ByteQueue implements AsyncIterable<Uint8Array> {
  readonly #limit: number;
  readonly #onTaken: ((bytes: number) => void) | undefined;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #error: unknown;
  #failed = false;
  #cancelled = false;
  #wakeReader: (() => void) | undefined;
  #takenLast = 0;
  #waitingForRoom: (() => void)[] = [];
  #whenOver: (() => void)[] = [];

  /** `limit` in bytes. `onTaken` hears of each chunk that the reader took (or that nobody will take any more). */
  constructor(limit: number, onTaken?: (bytes: number) => void) {
    this.#limit = limit;
    this.#onTaken = onTaken;
  }

  /** Unread bytes. */
  get size(): number {
    return this.#size;
  }

  get full(): boolean {
    const held = this.#size + this.#chunks.length * chunkOverhead;
    return held >= this.#limit && !this.#cancelled && !this.#failed;
  }

  /** Never refuses: what came from the network has to go somewhere. Pushers heed `full` or await `room()` before they read on. */
  push(chunk: Uint8Array): void {
    if (this.#ended || this.#failed) return;
    if (this.#cancelled) {
      this.#onTaken?.(chunk.length);
      return;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    this.#poke();
  }

  /** Resolves when it is not full. */
  room(): Promise<void> | undefined {
    if (!this.full) return undefined;
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  /** The reader gets what is there, then the end. */
  end(): void {
    this.#ended = true;
    this.#poke();
    this.#over();
  }

  /** The reader gets what is there, then the error. */
  fail(error: unknown): void {
    if (this.#ended || this.#failed) return;
    this.#failed = true;
    this.#error = error;
    this.#poke();
    this.#release();
    this.#over();
  }

  /**
   * Resolves when it is over and nothing was taken of it for so long since: its reader holds in its hands what nobody takes from it, and
   * would not hear of the end otherwise.
   */
  deserted(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#whenOver.push(() => {
        const look = () => {
          const left = this.#takenLast + ms - performance.now();
          if (left <= 0) resolve();
          else setTimeout(look, left).unref();
        };
        this.#takenLast = performance.now();
        look();
      });
      if (this.#ended || this.#failed) this.#over();
    });
  }

  /** One reader only. Leaving the loop drops what is there and what still comes. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        for (;;) {
          const chunk = this.#chunks.shift();
          if (chunk) {
            this.#size -= chunk.length;
            if (this.#ended || this.#failed) this.#takenLast = performance.now();
            this.#onTaken?.(chunk.length);
            if (!this.full) this.#release();
            return { done: false, value: chunk };
          }
          if (this.#cancelled || this.#ended) return { done: true, value: undefined };
          if (this.#failed) throw this.#error;
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
        }
      },
      return: () => {
        this.#cancelled = true;
        if (this.#size > 0) this.#onTaken?.(this.#size);
        this.#chunks.length = 0;
        this.#size = 0;
        this.#release();
        this.#poke();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #over(): void {
    const waiting = this.#whenOver;
    this.#whenOver = [];
    for (const each of waiting) each();
  }

  #poke(): void {
    const wake = this.#wakeReader;
    this.#wakeReader = undefined;
    wake?.();
  }

  #release(): void {
    const waiting = this.#waitingForRoom;
    this.#waitingForRoom = [];
    for (const resolve of waiting) resolve();
  }
}
