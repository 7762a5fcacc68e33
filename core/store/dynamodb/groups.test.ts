import { beforeEach, describe, expect, it } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { maximumItems, type Put } from '../store.ts';
import { type DynamoStore, openDynamoStore } from './dynamodb-store.ts';

let store: DynamoStore;
let units: { write: number; read: number };
beforeEach(async () => {
  store = openDynamoStore({ calls: modelCalls(new ModelTable(Date.now)), table: 'store' });
  units = { write: 0, read: 0 };
});

const value = { bytes: Buffer.from('{}') };
const put = (name: string, expect: Put['expect'], more: Partial<Put> = {}) =>
  ({ op: 'put', type: 'pods', name, expect, value, ...more }) as const;
const commit = async (...writes: Parameters<DynamoStore['commit']>[0]) => {
  const before = store.costs.get('commit')?.writeUnits ?? 0;
  const [committed] = await store.commit(writes);
  units.write = (store.costs.get('commit')?.writeUnits ?? 0) - before;
  return committed?.revision ?? 0;
};
const namesOf = async (group: string) => (await store.groups.members('pods', group))?.map(({ name }) => name).sort();

describe('groups', () => {
  beforeEach(() => store.groups.begin(['pods'], 'a', undefined));

  it('have who joined and did not leave, as they are now, for two units each way', async () => {
    await commit(put('warm', 0));
    const created = await commit(put('x', 0));
    expect(units.write).toBe(5);
    expect(await namesOf('n1')).toEqual([]);
    const bound = await commit(put('x', created, { joins: 'n1' }));
    expect(units.write).toBe(7);
    await commit(put('y', 0, { joins: 'n2' }));
    const changed = await commit(put('x', bound, { value: { bytes: Buffer.from('{"a":1}') } }));
    expect(units.write).toBe(5);
    const [member, ...others] = (await store.groups.members('pods', 'n1')) ?? [];
    expect(others).toEqual([]);
    expect(member).toMatchObject({ name: 'x', revision: changed });
    expect(Buffer.from(member?.value ?? []).toString()).toBe('{"a":1}');
    const moved = await commit(put('x', changed, { joins: 'n2', leaves: 'n1' }));
    expect([await namesOf('n1'), await namesOf('n2')]).toEqual([[], ['x', 'y']]);
    await commit({ op: 'delete', type: 'pods', name: 'x', expect: moved, value, leaves: 'n2' });
    expect(await namesOf('n2')).toEqual(['y']);
  });

  it('change with their commit alone', async () => {
    const at = await commit(put('x', 0, { joins: 'n1' }));
    await expect(commit(put('x', at + 7, { joins: 'n2', leaves: 'n1' }))).rejects.toThrow('is at revision');
    await expect(commit(put('y', 0, { joins: 'n1' }), { ...put('x', 0), joins: 'n2' })).rejects.toThrow();
    expect([await namesOf('n1'), await namesOf('n2')]).toEqual([['x'], []]);
    const [outcome] = await store.commitEach([put('z', 0, { joins: 'n1' })]);
    expect(outcome).not.toBeInstanceOf(Error);
    expect(await namesOf('n1')).toEqual(['x', 'z']);
  });

  it('do not show who is gone, whatever their entries say', async () => {
    const at = await commit(put('x', 0, { joins: 'n1' }));
    // As of a value that cannot be read: nobody knows its group.
    await commit({ op: 'delete', type: 'pods', name: 'x', expect: at, value });
    expect(await namesOf('n1')).toEqual([]);
    expect((await store.groups.some('pods', ['x', 'y'])).map(({ name }) => name)).toEqual([]);
  });

  it('are read at the price of their members', async () => {
    for (let i = 0; i < 300; i++) await commit(put(`p${i}`, 0, { joins: `n${i % 100}` }));
    const before = store.costs.get('group');
    const [requests, readUnits] = [before?.requests ?? 0, before?.readUnits ?? 0];
    expect(await namesOf('n7')).toEqual(['p107', 'p207', 'p7']);
    const after = store.costs.get('group');
    // The note that they are whole, once; the entries; the objects.
    expect([(after?.requests ?? 0) - requests, (after?.readUnits ?? 0) - readUnits]).toEqual([3, 5]);
    await namesOf('n8');
    expect((store.costs.get('group')?.requests ?? 0) - requests).toBe(5);
  });

  it('count towards what a commit takes', async () => {
    const joining = Array.from({ length: 34 }, (_, i) => put(`p${i}`, 0, { joins: 'n1' }));
    await expect(store.commit(joining)).rejects.toThrow(`at most ${maximumItems} items, not 102`);
    await store.commit(joining.slice(1));
    expect(await namesOf('n1')).toHaveLength(33);
  });
});

describe('groups are whole', () => {
  const whole = async () => (await reopened().groups.members('pods', 'n1')) !== undefined;
  const table = () => new ModelTable(Date.now);
  let model: ModelTable;
  const reopened = () => openDynamoStore({ calls: modelCalls(model), table: 'store' });
  beforeEach(() => {
    model = table();
    store = reopened();
  });

  it('where nothing was written before they began, and after each build that says so', async () => {
    expect(await whole()).toBe(false);
    await store.groups.begin(['pods'], 'a', undefined);
    expect(await whole()).toBe(true);
    await commit(put('x', 0, { joins: 'n1' }));
    await store.groups.begin(['pods'], 'b', 'a');
    await store.groups.begin(['pods'], 'b', 'a');
    await store.groups.begin(['pods'], 'a', 'b');
    expect(await whole()).toBe(true);
    expect(await reopened().groups.members('pods', 'n1')).toHaveLength(1);
  });

  it('not where others wrote before them, or in between', async () => {
    await commit(put('x', 0));
    await store.groups.begin(['pods'], 'a', 'old');
    expect(await whole()).toBe(false);
    model = table();
    store = reopened();
    await store.groups.begin(['pods'], 'a', undefined);
    await commit(put('x', 0));
    await store.groups.begin(['pods'], 'b', 'a');
    // Somebody went back to a build that tells nothing of groups, and forward again.
    await store.groups.begin(['pods'], 'b', 'old');
    expect(await whole()).toBe(false);
    await store.groups.begin(['pods'], 'c', 'b');
    expect(await whole()).toBe(false);
  });

  it('not where nobody knows who wrote before', async () => {
    await store.groups.begin(['pods'], 'a', undefined);
    await commit(put('x', 0));
    await store.groups.begin(['pods'], 'a', undefined);
    expect(await whole()).toBe(false);
  });
});
