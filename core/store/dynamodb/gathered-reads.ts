// Single items that are asked for at the same time, read in one request. A worker that starts, or looks at everything again, asks for the
// heads of fifty types: as requests of their own these take half a millisecond of processor time each, and open as many connections.

import type { DynamoItem, Key } from './items.ts';
import { batchGetLimit, type Call, type Requests } from './requests.ts';

/** One key, and all that ask for it. */
interface Wanted {
  readonly key: Key;
  readonly call: Call;
  readonly answers: ((item: Promise<DynamoItem | undefined>) => void)[];
}

export class GatheredReads {
  readonly #requests: Requests;
  readonly #wanted = new Map<string, Wanted>();

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** The item as of now or later, strongly consistent. Repeated, and given up, like a read by itself. */
  get(call: Call, key: Key): Promise<DynamoItem | undefined> {
    // Who asks for many begins them in one go: they come here one after the other, before the next microtask.
    if (this.#wanted.size === 0) queueMicrotask(() => this.#send());
    const wanted = this.#wanted.get(idOf(key)) ?? { key, call, answers: [] };
    this.#wanted.set(idOf(key), wanted);
    return new Promise((resolve) => wanted.answers.push(resolve));
  }

  #send(): void {
    const all = [...this.#wanted.values()];
    this.#wanted.clear();
    for (let i = 0; i < all.length; i += batchGetLimit) void this.#read(all.slice(i, i + batchGetLimit));
  }

  async #read(all: readonly Wanted[]): Promise<void> {
    const read = all.length > 1 ? await this.#together(all) : undefined;
    for (const { key, call, answers } of all) {
      const id = idOf(key);
      // What the request left out, or all of it where it failed, is read by itself, with the pauses and within the time of its operation.
      const item = read?.has(id) ? Promise.resolve(read.get(id)) : this.#requests.get(call, key);
      for (const answer of answers) answer(item);
    }
  }

  /** The keys that one request answered, with their items; undefined where it failed. */
  async #together(all: readonly Wanted[]): Promise<Map<string, DynamoItem | undefined> | undefined> {
    const keys = all.map(({ key }) => key);
    const calls = all.map(({ call }) => call);
    const answer = await this.#requests.getBatch(calls, keys).catch(() => undefined);
    if (!answer) return undefined;
    const read = new Map<string, DynamoItem | undefined>(keys.map((key) => [idOf(key), undefined]));
    for (const item of answer.items) read.set(idOf(item), item);
    for (const key of answer.unread) read.delete(idOf(key));
    return read;
  }
}

function idOf({ p, s }: Partial<Key>): string {
  return `${p?.S}\n${s?.S}`;
}
