// How many clusters there may be holds for those that are asked for at once, too, by one process or by several.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { clustersAdmission } from '../../../core/hosted/admission.ts';
import { ensureClusterDefinition } from '../../../core/hosted/ensure-definition.ts';
import { tried } from '../../../test/tools/tried.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

const most = 3;
const clusters = '/apis/zeroplane.dev/v1/clusters';
let t: TestApi;

beforeEach(async () => {
  t = await openTestApi({}, { admission: [clustersAdmission({ most, moreBy: 'more', copies: true })] });
  await ensureClusterDefinition(t.registry, t.definitions);
});
afterEach(() => t.close());

const create = (name: string, query = '') =>
  t.post(clusters + query, { apiVersion: 'zeroplane.dev/v1', kind: 'Cluster', metadata: { name } });

it('no more are made than there may be, however many are asked for at once', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => create(`c${i}`)));
  tried('cluster beyond how many there may be', answers.length);
  const codes = answers.map(({ status }) => status);
  expect(codes.filter((code) => code === 201)).toHaveLength(most);
  expect(codes.filter((code) => code === 403)).toHaveLength(20 - most);

  // Room that was made is there again, and what is only tried takes none.
  const { body } = await t.get(clusters);
  const [{ metadata }] = body.items;
  await t.remove(`${clusters}/${metadata.name}`);
  await t.patch(`${clusters}/${metadata.name}`, 'application/merge-patch+json', { metadata: { finalizers: null } });
  expect((await create('tried', '?dryRun=All')).status).toBe(201);
  expect((await create('again')).status).toBe(201);
  expect((await create('once-more')).status).toBe(403);
});
