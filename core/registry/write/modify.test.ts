import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../../machinery/object.ts';
import { forbidden } from '../../machinery/status.ts';
import { encodeObject } from '../../store/encode-object.ts';
import type { Modification } from '../registry.ts';
import { openTestRegistry, type TestRegistry } from '../testing.ts';

let t: TestRegistry;
/** What others do between the read of an attempt and its commit, one after the other. */
let meanwhile: (() => Promise<unknown>)[];
let attempts: string[];

beforeEach(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
  meanwhile = [];
  attempts = [];
});

afterEach(async () => {
  await t.close();
});

const labelled = (count: string): KubeObject => ({ metadata: { name: 'a', labels: { count } }, data: { k: 'v' } });

/** Adds one to a label, and notes what each attempt has seen. */
const counting: Modification = {
  check: ({ metadata }) => void attempts.push(metadata.labels?.['count'] ?? ''),
  async build(existing) {
    await meanwhile.shift()?.();
    const { labels } = existing.metadata;
    const count = String(Number(labels?.['count']) + 1);
    return { ...existing, metadata: { ...existing.metadata, labels: { ...labels, count } } };
  },
};

const modify = (change: Modification) => t.registry.modify(t.context, t.target('configmaps', 'default', 'a'), change);
const put = async (count: string) => {
  const before = await t.get('configmaps', 'default', 'a');
  const object = { ...before, metadata: { ...before.metadata, labels: { count } } };
  await t.store.commit([
    { op: 'put', type: 'configmaps', name: 'default/a', expect: 'any', value: encodeObject(object) },
  ]);
};

it('is done again with what is there after a conflict, its check first', async () => {
  await t.create('configmaps', 'default', labelled('1'));
  meanwhile.push(
    () => put('10'),
    () => put('20'),
  );
  const { object, created } = await modify(counting);
  expect(object.metadata.labels).toEqual({ count: '21' });
  expect(created).toBe(false);
  expect(attempts).toEqual(['1', '10', '20']);
});

it('ends when its check refuses what came meanwhile', async () => {
  await t.create('configmaps', 'default', labelled('1'));
  meanwhile.push(() => put('10'));
  const check: Modification['check'] = ({ metadata }) => {
    if (metadata.labels?.['count'] === '10')
      throw forbidden({ group: '', resource: 'configmaps' }, 'a', 'not this one');
  };
  await expect(modify({ ...counting, check })).rejects.toMatchObject({ reason: 'Forbidden' });
  expect((await t.get('configmaps', 'default', 'a')).metadata.labels).toEqual({ count: '10' });
});

it('writes nothing where nothing is to change', async () => {
  const { metadata } = await t.create('configmaps', 'default', labelled('1'));
  const { object } = await modify({ build: () => undefined });
  expect(object.metadata.resourceVersion).toBe(metadata.resourceVersion);
});

it('makes what is not there, and changes what somebody else made first', async () => {
  await expect(modify(counting)).rejects.toMatchObject({ reason: 'NotFound' });
  expect(await modify({ ...counting, otherwise: () => labelled('5') })).toMatchObject({
    created: true,
    object: { metadata: { labels: { count: '5' } } },
  });
  await t.registry.delete(t.context, t.target('configmaps', 'default', 'a'));
  const otherwise = async () => {
    await t.create('configmaps', 'default', labelled('7'));
    return labelled('5');
  };
  expect(await modify({ ...counting, otherwise })).toMatchObject({
    created: false,
    object: { metadata: { labels: { count: '8' } } },
  });
});
