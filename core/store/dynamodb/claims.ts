// Claims in the table, beside the logs: one item a claim, all of a pool in one partition, so that one query counts them. Two writes and a
// read a claim, whatever happens while it is held.

import { createHash } from 'node:crypto';
import type { Claim, Claims } from '../claims.ts';
import type { DynamoCalls } from './calls.ts';
import { integer, type Key, number, text } from './items.ts';
import { Requests, type RetryEnvironment } from './requests.ts';
import { collectedAtAttribute } from './table.ts';

const budgetMs = 3_000;
/** DynamoDB's collector takes days: who counts takes away a few of those that it finds over. */
const takenAwayAtOnce = 5;

export function tableClaims(calls: DynamoCalls, table: string, surroundings: RetryEnvironment): Claims {
  const requests = new Requests({ ...surroundings, calls, table, budgetMs });
  const begin = () => requests.begin('claim');
  const remove = (Key: Key) =>
    requests.repeat(begin(), 'write', () =>
      calls.deleteItem({ TableName: table, Key, ReturnConsumedCapacity: 'TOTAL' }),
    );
  return {
    async make(claim, untilMs) {
      const Item = {
        ...keyOf(claim),
        u: number(untilMs),
        [collectedAtAttribute]: number(Math.ceil(untilMs / 1000)),
      };
      await requests.repeat(begin(), 'write', () =>
        calls.putItem({ TableName: table, Item, ReturnConsumedCapacity: 'TOTAL' }),
      );
      const ofHolder = prefixOf(claim.holder);
      const nowMs = surroundings.now();
      const over: string[] = [];
      let own = 0;
      let all = 0;
      const query = { KeyConditionExpression: 'p = :p', ExpressionAttributeValues: { ':p': keyOf(claim).p } };
      for await (const page of requests.query(begin(), query))
        for (const { s, u } of page) {
          const sort = text(s);
          if (integer(u) <= nowMs) over.push(sort);
          else {
            all++;
            if (sort.startsWith(ofHolder)) own++;
          }
        }
      await Promise.all(over.slice(0, takenAwayAtOnce).map((S) => remove({ p: keyOf(claim).p, s: { S } })));
      return { own, all };
    },
    async drop(claim) {
      await remove(keyOf(claim));
    },
  };
}

function keyOf({ pool, holder, id }: Claim): Key {
  return { p: { S: `claims#${pool}` }, s: { S: `${prefixOf(holder)}${id}` } };
}

/** A holder's name may be longer than a key. */
function prefixOf(holder: string): string {
  return `${createHash('sha256').update(holder).digest('base64url')}#`;
}
