// Items that have had their time, found through the index. It may be behind: the items themselves decide.

import type { Delete } from '../store.ts';
import type { DynamoItem, Key } from './items.ts';
import { expiryBucketName, number, objectPartition, readObject, text } from './items.ts';
import type { Call, Requests } from './requests.ts';
import { expiryBuckets, expiryIndex } from './table.ts';

const batch = 100;

/** Deletes for what has expired at `nowSeconds`, in batches, each on the condition that the item has not changed since. */
export async function* expired(requests: Requests, call: Call, nowSeconds: number): AsyncGenerator<Delete[]> {
  for (let bucket = 0; bucket < expiryBuckets; bucket++) {
    const query = {
      IndexName: expiryIndex,
      KeyConditionExpression: 'g = :bucket AND x <= :now',
      ExpressionAttributeValues: { ':bucket': { S: expiryBucketName(bucket) }, ':now': number(nowSeconds) },
    };
    for await (const page of requests.query(call, query))
      for (let i = 0; i < page.length; i += batch) {
        const items = await requests.getAll(call, page.slice(i, i + batch).map(keyOf));
        yield items.flatMap((item) => deletion(item, nowSeconds) ?? []);
      }
  }
}

function deletion(item: DynamoItem, nowSeconds: number): Delete | undefined {
  const { name, revision, value, expiresAt } = readObject(item);
  if (!value || expiresAt === undefined || expiresAt > nowSeconds) return undefined;
  return { op: 'delete', type: text(item['p']).slice(objectPartition('').length), name, expect: revision };
}

function keyOf(item: DynamoItem): Key {
  return { p: { S: text(item['p']) }, s: { S: text(item['s']) } };
}
