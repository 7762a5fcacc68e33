// Groups in the table: an entry for each member, in a partition of its group's, which the transaction that writes the object puts and deletes.
// So an entry is as old as the object's being in the group, and says no more than where to look: the object itself decides.

import type { Groups } from '../groups.ts';
import type { Item, TypeName } from '../store.ts';
import { decode } from './codec.ts';
import type { Heads } from './heads.ts';
import { type DynamoItem, groupPartition, groupsKey, objectKey, readObject, text } from './items.ts';
import type { LargeValues } from './large-values.ts';
import type { Call, Requests } from './requests.ts';

/** Builds that are remembered: who goes back further than that begins anew. */
const remembered = 50;

export function tableGroups(
  requests: Requests,
  heads: Heads,
  large: LargeValues | undefined,
  begin: () => Call,
): Groups {
  /** Types that are whole, which lasts as long as this build writes. */
  const whole = new Set<TypeName>();

  const isWhole = async (call: Call, type: TypeName): Promise<boolean> => {
    if (!whole.has(type) && buildsOf(await requests.get(call, groupsKey(type))) !== undefined) whole.add(type);
    return whole.has(type);
  };
  const some = async (call: Call, type: TypeName, names: readonly string[]): Promise<Item[]> => {
    const found = await requests.getAll(
      call,
      names.map((name) => objectKey(type, name)),
    );
    const items = found.map(async (item): Promise<Item[]> => {
      const { name, revision, value } = readObject(item);
      return value ? [{ name, revision, value: await decode(value, revision, large) }] : [];
    });
    return (await Promise.all(items)).flat();
  };

  return {
    async members(type, group) {
      const call = begin();
      if (!(await isWhole(call, type))) return undefined;
      const names: string[] = [];
      const query = {
        KeyConditionExpression: 'p = :p',
        ExpressionAttributeValues: { ':p': { S: groupPartition(type, group) } },
      };
      for await (const page of requests.query(call, query)) for (const { s } of page) names.push(text(s));
      return some(call, type, names);
    },
    some: (type, names) => some(begin(), type, names),
    async begin(types, build, before) {
      const call = begin();
      for (const type of types) {
        const found = buildsOf(await requests.get(call, groupsKey(type)));
        // Who goes back to an older build and forward again had that one write meanwhile.
        const known = before !== undefined && found?.includes(before) ? found : undefined;
        if (known?.includes(build)) continue;
        if (known || (await heads.read(call, type)).head === 0) await put(call, type, [...(known ?? []), build]);
        else if (found) await remove(call, type);
      }
    },
  };

  async function put(call: Call, type: TypeName, builds: readonly string[]): Promise<void> {
    const { calls, table } = requests;
    const Item = { ...groupsKey(type), l: { L: builds.slice(-remembered).map((S) => ({ S })) } };
    await requests.repeat(call, 'write', () =>
      calls.putItem({ TableName: table, Item, ReturnConsumedCapacity: 'TOTAL' }),
    );
  }

  async function remove(call: Call, type: TypeName): Promise<void> {
    const { calls, table } = requests;
    await requests.repeat(call, 'write', () =>
      calls.deleteItem({ TableName: table, Key: groupsKey(type), ReturnConsumedCapacity: 'TOTAL' }),
    );
  }
}

function buildsOf(item: DynamoItem | undefined): readonly string[] | undefined {
  return item && (item['l']?.L ?? []).map(text);
}
