// The ends of streams in the table, beside the logs: one item a stream, collected by DynamoDB's TTL.

import type { StreamEnds } from '../stream-ends.ts';
import type { DynamoCalls } from './calls.ts';
import { meaningOf } from './failures.ts';
import { number } from './items.ts';
import { Requests, type RetryEnvironment } from './requests.ts';
import { collectedAtAttribute } from './table.ts';

/** Each join puts it off. */
const keptSeconds = 3600;
const budgetMs = 3_000;

export function tableStreamEnds(calls: DynamoCalls, table: string, surroundings: RetryEnvironment): StreamEnds {
  const requests = new Requests({ ...surroundings, calls, table, budgetMs });
  return {
    async join(stream, end, { writer, connection }) {
      try {
        const { Attributes } = await requests.repeat(requests.begin('stream'), 'write', () =>
          calls.updateItem({
            TableName: table,
            Key: { p: { S: `stream#${stream}` }, s: { S: 'ends' } },
            UpdateExpression: `SET ${end}Writer = :writer, ${end}At = :connection, ${collectedAtAttribute} = :collected`,
            ConditionExpression: `attribute_not_exists(${end}Writer) OR ${end}Writer = :writer`,
            ExpressionAttributeValues: {
              ':writer': { S: writer },
              ':connection': { S: connection },
              ':collected': number(Math.floor(surroundings.now() / 1000) + keptSeconds),
            },
            ReturnValues: 'ALL_NEW',
          }),
        );
        return { other: Attributes?.[end === 'client' ? 'nodeAt' : 'clientAt']?.S };
      } catch (error) {
        if (meaningOf(error) === 'condition') return undefined;
        throw error;
      }
    },
  };
}
