// Removes all that a hosted cluster has in the table and in the bucket. What ends in the middle is done again from the start, and finds what
// is left: the names of its types go last.

import type { TypeName } from '../store.ts';
import type { DynamoCalls } from './calls.ts';
import { Heads } from './heads.ts';
import { chunkOf, chunkPartition, type DynamoItem, headKey, objectPartition, text, typesPartition } from './items.ts';
import type { LargeValues } from './large-values.ts';
import { Requests, type RetryEnvironment } from './requests.ts';
import { usagePartition } from './usage.ts';

const budgetMs = 10_000;
const together = 32;

export interface WipeOptions {
  /** Of the cluster's part of the table (prefixed-calls.ts): whatever they reach is removed. */
  readonly calls: DynamoCalls;
  readonly table: string;
  readonly large: LargeValues | undefined;
  readonly surroundings: RetryEnvironment;
}

/** How many items there were. */
export async function wipe({ calls, table, large, surroundings }: WipeOptions): Promise<number> {
  const requests = new Requests({ ...surroundings, calls, table, budgetMs });
  const heads = new Heads(requests);
  const begin = () => requests.begin('wipe');
  let count = 0;

  const remove = async (item: DynamoItem): Promise<void> => {
    const Key = { p: { S: text(item['p']) }, s: { S: text(item['s']) } };
    await requests.repeat(begin(), 'write', () =>
      calls.deleteItem({ TableName: table, Key, ReturnConsumedCapacity: 'TOTAL' }),
    );
    count++;
  };
  const partition = async (name: string, before: (item: DynamoItem) => Promise<void> = async () => {}) => {
    const query = {
      KeyConditionExpression: 'p = :p',
      ExpressionAttributeValues: { ':p': { S: name } },
      ProjectionExpression: 'p, s',
    };
    for await (const page of requests.query(begin(), query))
      await eachOf(page, async (item) => {
        await before(item);
        await remove(item);
      });
  };
  const type = async (name: TypeName) => {
    const { head } = await heads.read(begin(), name);
    const chunks = Array.from({ length: chunkOf(head) + 1 }, (_, at) => chunkPartition(name, at));
    await eachOf([objectPartition(name), ...chunks], (each) => partition(each));
    await remove({ ...headKey(name) });
  };

  await partition('large', (item) => large?.remove(text(item['s'])) ?? Promise.resolve());
  await eachOf(await heads.types(begin()), type);
  for (const each of ['heartbeats', usagePartition, typesPartition]) await partition(each);
  return count;
}

async function eachOf<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  let next = 0;
  const turn = async () => {
    for (let at = next++; at < all.length; at = next++) await work(all[at] as T); // as: below the length
  };
  await Promise.all(Array.from({ length: Math.min(together, all.length) }, turn));
}
