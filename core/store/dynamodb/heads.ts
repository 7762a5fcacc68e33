// The head item of each type: the counter that gives revisions out, and the marks that only rise.

import type { TypeName } from '../store.ts';
import { markIsBelow } from './conditions.ts';
import { meaningOf } from './failures.ts';
import { GatheredReads } from './gathered-reads.ts';
import { headKey, integer, number, text, typeKey, typesPartition } from './items.ts';
import type { Call, Requests } from './requests.ts';

export interface Head {
  /** The highest revision that was given out. */
  readonly head: number;
  /** Before any revision was, in Unix milliseconds. */
  readonly born: number;
  /** All slots up to it are filled for good. */
  readonly settled: number;
  /** Reads after an older revision fail. */
  readonly compacted: number;
  /** The tombstones of deletes up to it were collected. */
  readonly swept: number;
}

export const marks = { settled: 'e', compacted: 'z', swept: 'w' } as const;

const neverWritten: Head = { head: 0, born: 0, settled: 0, compacted: 0, swept: 0 };

export class Heads {
  readonly #requests: Requests;
  readonly #reads: GatheredReads;
  readonly #listed = new Set<TypeName>();

  constructor(requests: Requests) {
    this.#requests = requests;
    this.#reads = new GatheredReads(requests);
  }

  async read(call: Call, type: TypeName): Promise<Head> {
    const item = await this.#reads.get(call, headKey(type));
    if (!item) return neverWritten;
    return {
      head: integer(item['h']),
      born: integer(item['b']),
      settled: integer(item[marks.settled]),
      compacted: integer(item[marks.compacted]),
      swept: integer(item[marks.swept]),
    };
  }

  /**
   * Gives out `count` revisions: the first of them, and a time before it was given out. A request that is repeated because its
   * answer was lost leaves a gap, which is fenced like that of a writer that died.
   */
  async take(call: Call, type: TypeName, count: number): Promise<{ first: number; takenAt: number }> {
    const { calls, table, surroundings } = this.#requests;
    const takenAt = surroundings.now();
    const { Attributes } = await this.#requests.repeat(call, 'write', () =>
      calls.updateItem({
        TableName: table,
        Key: headKey(type),
        UpdateExpression: 'SET b = if_not_exists(b, :now) ADD h :count',
        ExpressionAttributeValues: { ':now': number(takenAt), ':count': number(count) },
        ReturnValues: 'ALL_NEW',
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    if (!Attributes?.['l'] && !this.#listed.has(type)) await this.#list(call, type);
    this.#listed.add(type);
    return { first: integer(Attributes?.['h']) - count + 1, takenAt };
  }

  /** Moves a mark up to `revision`, unless it is there already. */
  async raise(call: Call, type: TypeName, mark: keyof typeof marks, revision: number): Promise<void> {
    const condition = markIsBelow(marks[mark], revision);
    try {
      await this.#update(call, type, `SET ${marks[mark]} = :revision`, condition);
    } catch (error) {
      if (meaningOf(error) !== 'condition') throw error;
    }
  }

  /** The types that were ever written. */
  async types(call: Call): Promise<TypeName[]> {
    const types: TypeName[] = [];
    const query = { KeyConditionExpression: 'p = :p', ExpressionAttributeValues: { ':p': { S: typesPartition } } };
    for await (const page of this.#requests.query(call, query)) types.push(...page.map((item) => text(item['s'])));
    return types;
  }

  /** Before the first commit of a type: its name among the types, then the note that it is there. */
  async #list(call: Call, type: TypeName): Promise<void> {
    const { calls, table } = this.#requests;
    await this.#requests.repeat(call, 'write', () =>
      calls.putItem({ TableName: table, Item: { ...typeKey(type) }, ReturnConsumedCapacity: 'TOTAL' }),
    );
    await this.#update(call, type, 'SET l = :yes', { ExpressionAttributeValues: { ':yes': { BOOL: true } } });
  }

  async #update(call: Call, type: TypeName, expression: string, condition: object): Promise<void> {
    const { calls, table } = this.#requests;
    await this.#requests.repeat(call, 'write', () =>
      calls.updateItem({
        TableName: table,
        Key: headKey(type),
        UpdateExpression: expression,
        ...condition,
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
  }
}
