import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderFamilies } from '../metrics/exposition.ts';
import { readExposition } from '../metrics/testing.ts';
import { storeContract } from './contract.ts';
import { openEmbeddedStore } from './embedded/embedded-store.ts';
import { encryptedStore } from './encrypted/encrypted-store.ts';
import { meterStore } from './metered-store.ts';

function open() {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-metered-'));
  let now: number | undefined;
  const engine = openEmbeddedStore(join(folder, 'store.db'), { now: () => now ?? Date.now(), tickMs: 0 });
  const metered = meterStore(encryptedStore(engine, { of: () => undefined }));
  return {
    ...metered,
    expire: async (nowSeconds: number) => {
      now = nowSeconds * 1000;
      await engine.tick();
    },
    dispose: async () => {
      await engine.close();
      rmSync(folder, { recursive: true });
    },
  };
}

storeContract('metered over embedded', async () => open());

it('Requests count by operation and type, and a lost race is no failure', async () => {
  const { store, families, dispose } = open();
  const put = (expect: number) =>
    store.commit([{ op: 'put', type: 'apps/deployments', name: 'a/b', expect, value: { bytes: Buffer.from('{}') } }]);
  await put(0);
  await put(1);
  await put(1).catch(() => undefined);
  await store.get('apps/deployments', 'a/b');
  await store.list('pods');
  await dispose();
  await put(2).catch(() => undefined);
  const read = readExposition(renderFamilies(families()));
  const of = (name: string) =>
    read
      .get(name)
      ?.samples.filter(({ labels }) => labels['le'] === undefined || labels['le'] === '+Inf')
      .filter((each) => !each.name.endsWith('_sum') && !each.name.endsWith('_count'))
      .map(({ labels: { group, resource, operation }, value }) => [group, resource, operation, value]);
  expect(of('etcd_requests_total')).toEqual([
    ['apps', 'deployments', 'create', 1],
    ['apps', 'deployments', 'update', 3],
    ['apps', 'deployments', 'get', 1],
    ['', 'pods', 'list', 1],
  ]);
  expect(of('etcd_request_duration_seconds')).toEqual(of('etcd_requests_total'));
  expect(of('etcd_request_errors_total')?.map((each) => each[3])).toEqual([0, 1, 0, 0]);
});
