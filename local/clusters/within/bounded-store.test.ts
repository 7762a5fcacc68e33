import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EmbeddedStore, openEmbeddedStore } from '../../../core/store/embedded/embedded-store.ts';
import type { Put } from '../../../core/store/store.ts';
import { boundedStore } from './bounded-store.ts';

let folder: string;
let store: EmbeddedStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bounded-'));
  store = openEmbeddedStore(join(folder, 'state.db'), { tickMs: 0 });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const put = (name: string, bytes: number, expect: Put['expect'] = 0): Put => {
  return { op: 'put', type: 'configmaps', name, expect, value: { bytes: new Uint8Array(bytes) } };
};
const overQuota = { failure: { code: 'overQuota', data: { limit: 1_000_000 } } };

it('takes writes until its files hold what they may, and then only what makes room', async () => {
  const bounded = boundedStore(store, folder, 1_000_000);
  let made = 0;
  const fill = async () => {
    for (; made < 100; made += 1) await bounded.commit([put(`object-${made}`, 50_000)]);
  };
  await expect(fill()).rejects.toMatchObject(overQuota);
  expect(made).toBeGreaterThan(3);
  expect(made).toBeLessThan(30);
  const outcomes = await bounded.commitEach([
    put('another', 10),
    put('object-0', 60_000, 'any'),
    put('object-1', 40_000, 'any'),
    { op: 'delete', type: 'configmaps', name: 'object-2', expect: 'any' },
  ]);
  expect(outcomes).toMatchObject([
    overQuota,
    overQuota,
    { revision: expect.any(Number) },
    { revision: expect.any(Number) },
  ]);
  await expect(bounded.commit([put('object-1', 10, 'any'), put('another', 10)])).rejects.toMatchObject(overQuota);
  expect(await store.get('configmaps', 'another')).toBeUndefined();
  expect((await store.get('configmaps', 'object-1'))?.value.length).toBe(40_000);
});

it('goes on when there is room again', async () => {
  let size = 2_000_000;
  const bounded = boundedStore(store, folder, 1_000_000, () => size);
  await expect(bounded.commit([put('a', 10)])).rejects.toMatchObject(overQuota);
  size = 500_000;
  await expect
    .poll(() =>
      bounded.commit([put('a', 10)]).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
});
