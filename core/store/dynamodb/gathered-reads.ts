// Single items that are asked for at the same time, read in one request. A worker that starts, or looks at everything again, asks for the
// heads of fifty types: as requests of their own these take half a millisecond of processor time each, and open as many connections.

import { getOwn } from '../../machinery/own.ts';
import type { DynamoItem, Key } from './items.ts';
import { batchGetLimit, type Call, type Requests } from './requests.ts';

interface Wanted {
  readonly key: Key;
  readonly call: Call;
  readonly resolve: (item: DynamoItem | undefined | Promise<DynamoItem | undefined>) => void;
}

export class GatheredReads {
  readonly #requests: Requests;
  #wanted: Wanted[] = [];

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** The item as of now or later, strongly consistent. Repeated, and given up, as any single read. */
  get(call: Call, key: Key): Promise<DynamoItem | undefined> {
    // Who asks for many begins them in one go: they come here one after the other, before the next microtask.
    if (this.#wanted.length === 0) queueMicrotask(() => this.#send());
    return new Promise((resolve) => this.#wanted.push({ key, call, resolve }));
  }

  #send(): void {
    const wanted = this.#wanted;
    this.#wanted = [];
    const byKey = Map.groupBy(wanted, ({ key }) => idOf(key));
    const all = [...byKey.values()];
    for (let i = 0; i < all.length; i += batchGetLimit) void this.#read(all.slice(i, i + batchGetLimit));
  }

  /** `groups`: those that want the same key, each. */
  async #read(groups: readonly (readonly Wanted[])[]): Promise<void> {
    const answered = groups.length > 1 ? await this.#together(groups) : undefined;
    for (const group of groups) {
      const [first] = group;
      if (!first) continue;
      const id = idOf(first.key);
      // What the request left out, or all of it where it failed, is read by itself, with the pauses and within the time of its operation.
      const read = answered?.has(id) ? answered.get(id) : undefined;
      const item = read ? Promise.resolve(read.item) : this.#requests.get(first.call, first.key);
      for (const each of group) each.resolve(item);
    }
  }

  /** By key, what the request told of; undefined where it failed. */
  async #together(groups: readonly (readonly Wanted[])[]) {
    const { calls, table } = this.#requests;
    const firsts = groups.flatMap(([first]) => first ?? []);
    const Keys = firsts.map(({ key }) => ({ ...key }));
    try {
      const answer = await this.#requests.onceForAll(
        firsts.map(({ call }) => call),
        'read',
        () =>
          calls.batchGetItem({
            RequestItems: { [table]: { Keys, ConsistentRead: true } },
            ReturnConsumedCapacity: 'TOTAL',
          }),
      );
      const items = new Map((getOwn(answer.Responses, table) ?? []).map((item) => [idOf(item), item]));
      const unprocessed = new Set((getOwn(answer.UnprocessedKeys, table)?.Keys ?? []).map(idOf));
      const ids = firsts.map(({ key }) => idOf(key)).filter((id) => !unprocessed.has(id));
      return new Map(ids.map((id) => [id, { item: items.get(id) }]));
    } catch {
      return undefined;
    }
  }
}

function idOf({ p, s }: Partial<Key>): string {
  return `${p?.S}\n${s?.S}`;
}
