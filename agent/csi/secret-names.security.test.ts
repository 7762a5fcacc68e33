// Which Secrets a driver is handed: a pod's volume names one of its own namespace, a PersistentVolume one by namespace and name. The node asks
// the API with its own rights, which are those of all its pods: no name leads it to another path.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { V1PersistentVolume } from '../../generated/kubernetes.ts';
import { tried } from '../../test/tools/tried.ts';
import { ApiError } from '../api-client/api-client.ts';
import type { VolumeContext } from '../volumes/volume-type.ts';
import { createCsiVolumes } from './csi-volumes.ts';
import type { Driver } from './drivers.ts';

let root: string;
let asked: string[];
let handed: unknown[];
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'csi-'));
  [asked, handed] = [[], []];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const data = { password: Buffer.from('of another').toString('base64') };
const driverObject = { spec: { volumeLifecycleModes: ['Ephemeral', 'Persistent'], attachRequired: false } };
const names = ['../../kube-system/secrets/db', '..%2f..', 'x?watch=1', 'x#', 'x/../../y', '.', '..', 'a b', 'x/status'];

function open() {
  const driver = {
    name: 'd.example',
    capabilities: new Set<number>(),
    node: { id: 'n', maxVolumes: undefined, topology: {} },
    client: {
      call: async (_: unknown, { secrets }: { secrets?: unknown }) => {
        handed.push(secrets);
        return {};
      },
    },
  } as unknown as Driver;
  return createCsiVolumes({
    api: {
      async json<T>(_: string, at: string): Promise<T> {
        asked.push(at);
        if (at.endsWith('/csidrivers/d.example')) return driverObject as T;
        // As something on the way to the API would resolve it.
        if (/\/secrets\/db$/.test(new URL(at, 'https://api').pathname)) return { data } as T;
        throw new ApiError(404, 'not found');
      },
    },
    nodeName: 'n',
    drivers: { get: () => driver, look: async () => {} },
    directory: {
      root,
      registry: path.join(root, 'registry'),
      plugin: path.join(root, 'plugin'),
      pods: path.join(root, 'pods'),
    },
    onUse: () => {},
  });
}

const context = (secret?: object) =>
  ({
    name: 'v',
    pod: { metadata: { name: 'p', namespace: 'tenant', uid: 'u' }, spec: { containers: [] } },
    objects: {
      secret: (namespace: string, name: string) => (`${namespace}/${name}` === 'tenant/own' ? secret : undefined),
      claim: () => undefined,
    },
  }) as unknown as VolumeContext;

it("a pod's own volume is given what the node has for the pod, and the API is not asked", async () => {
  const csi = await open();
  for (const name of [...names, 'db']) {
    const source = { driver: 'd.example', nodePublishSecretRef: { name } };
    await expect(csi.inline(source, context({ data })), name).rejects.toThrow('was not found');
    tried("name of a driver's Secret", 1);
  }
  expect(asked.filter((each) => each.includes('secrets'))).toEqual([]);
  expect(handed).toEqual([]);
  await csi.inline({ driver: 'd.example', nodePublishSecretRef: { name: 'own' } }, context({ data }));
  expect(handed).toEqual([{ password: 'of another' }]);
});

it('a PersistentVolume is given the Secret of exactly that name', async () => {
  const csi = await open();
  const publish = (name: string, namespace = 'tenant') => {
    const source = { driver: 'd.example', volumeHandle: 'h', nodePublishSecretRef: { name, namespace } };
    const volume: V1PersistentVolume = { metadata: { name: 'pv' }, spec: { csi: source } };
    return csi.persistent(source, volume, context(), false);
  };
  for (const name of names) await expect(publish(name), name).rejects.toThrow('was not found');
  await expect(publish('x', '../namespaces/tenant/secrets/db?')).rejects.toThrow('was not found');
  await expect(publish('db', '../..')).rejects.toThrow('was not found');
  expect(handed).toEqual([]);
  await publish('db');
  expect(handed).toEqual([{ password: 'of another' }]);
});
