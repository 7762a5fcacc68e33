import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodePortsType } from '../../../core/kinds/allocate/node-port.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { openEmbeddedStore } from '../../../core/store/embedded/embedded-store.ts';
import { decodeObject, encodeObject } from '../../../core/store/encode-object.ts';
import { encryptedStore } from '../../../core/store/encrypted/encrypted-store.ts';
import { ownType } from '../../../core/store/own-types.ts';
import { ensureEncryptionKey } from '../../encryption-keys.ts';
import { openEncryption } from '../../live-encryption.ts';
import { copied, copyObjects } from './copy-objects.ts';

let folder: string;
let [from, to] = ['', ''];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'copy-objects-'));
  [from, to] = [join(folder, 'from'), join(folder, 'to')];
  for (const each of [from, to]) {
    mkdirSync(join(each, 'pki'), { recursive: true });
    ensureEncryptionKey(join(each, 'pki'));
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const secret = (name: string, type = 'Opaque'): KubeObject => {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default', uid: name },
    type,
    data: { a: 'Yg==' },
  };
};
const named = (name: string, more: object = {}): KubeObject => ({ metadata: { name }, ...more });

async function open(folder: string) {
  const engine = openEmbeddedStore(join(folder, 'state.db'), { tickMs: 0 });
  return { engine, store: encryptedStore(engine, await openEncryption(folder, undefined)) };
}

it('copies objects into a store of its own, Secrets sealed with its own key', async () => {
  const source = await open(from);
  for (const [name, type] of [
    ['plain'],
    ['token', 'kubernetes.io/service-account-token'],
    ['join', 'bootstrap.kubernetes.io/token'],
  ])
    await source.store.commit([
      { op: 'put', type: 'secrets', name: `default/${name}`, expect: 0, value: encodeObject(secret(name ?? '', type)) },
    ]);
  const bytes = (text: string) => ({ bytes: Buffer.from(text) });
  await source.store.commit([
    { op: 'put', type: nodePortsType, name: '30000', expect: 0, value: bytes('{"service":"a/b"}') },
    { op: 'put', type: ownType('ownerclaims'), name: 'x', expect: 0, value: bytes('held by another') },
  ]);
  await source.engine.close();

  await copyObjects(from, to);

  const target = await open(to);
  const { items } = await target.store.list('secrets');
  expect(items.map(({ name }) => name)).toEqual(['default/plain']);
  expect(decodeObject(items[0]?.value ?? new Uint8Array())).toMatchObject({
    metadata: { uid: 'plain' },
    data: { a: 'Yg==' },
  });
  // What lies in its file opens with its own key alone.
  expect(Buffer.from((await target.engine.get('secrets', 'default/plain'))?.value ?? []).toString()).not.toContain(
    'Yg==',
  );
  expect(await target.store.get(nodePortsType, '30000')).toBeDefined();
  expect(await target.store.get(ownType('ownerclaims'), 'x')).toBeUndefined();
  await target.engine.close();
});

it('leaves behind what is of the other cluster itself', () => {
  for (const type of ['nodes', 'pods', 'events', 'coordination.k8s.io/leases', 'persistentvolumes', 'endpoints'])
    expect(copied(type, named('a')), type).toBeUndefined();
  expect(copied('configmaps', named('kube-root-ca.crt'))).toBeUndefined();
  expect(copied('configmaps', named('a'))).toEqual(named('a'));
  expect(
    copied('apps/deployments', { metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } }),
  ).toBeUndefined();
});

it('a claim waits for a volume of its own', () => {
  const claim = named('data', {
    spec: { volumeName: 'pv-1', accessModes: ['ReadWriteOnce'] },
    status: { phase: 'Bound' },
  });
  const annotations = {
    'pv.kubernetes.io/bind-completed': 'yes',
    'volume.kubernetes.io/selected-node': 'x',
    mine: 'y',
  };
  const found = copied('persistentvolumeclaims', { ...claim, metadata: { ...claim.metadata, annotations } });
  expect(found).toMatchObject({ spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Pending' } });
  expect(found?.['spec']).not.toHaveProperty('volumeName');
  expect(found?.metadata.annotations).toEqual({ mine: 'y' });
});
