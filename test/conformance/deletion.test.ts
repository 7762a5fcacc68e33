// sig-api-machinery: what becomes of dependents when their owner goes, and of what is in a namespace that ends.

import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { deployment, pathsOf, pod, replicationController } from './cluster/objects.ts';
import { conformance } from './conformance.ts';

let cluster: Cluster;
let client: Cluster['client'];

beforeAll(async () => {
  cluster = await openCluster({ nodes: [{ name: 'n1' }] });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
});

const fresh = async () => pathsOf(await cluster.namespace());
const all = (count: number) => (items: Body[]) =>
  items.length === count && items.every(({ status }) => status.phase === 'Running');
const none = (items: Body[]) => items.length === 0;
const ownersOf = ({ metadata }: Body): string[] =>
  (metadata.ownerReferences ?? []).map(({ name }: { name: string }) => name);
const owner = ({ kind, metadata: { name, uid } }: Body) => ({ apiVersion: 'v1', kind, name, uid });

describe('garbage collector', () => {
  conformance('Garbage collector should delete pods created by rc when not orphaning', async () => {
    const { pods, replicationcontrollers } = await fresh();
    await client.create(replicationcontrollers, replicationController('rc', 2));
    await client.whenAll(pods, '', 'two run', all(2));
    await client.delete(`${replicationcontrollers}/rc`, { propagationPolicy: 'Background' });
    await client.whenAll(pods, '', 'none is left', none);
    expect(await client.list(replicationcontrollers)).toEqual([]);
  });

  conformance('Garbage collector should orphan pods created by rc if delete options say so [Serial]', async () => {
    const { pods, replicationcontrollers } = await fresh();
    await client.create(replicationcontrollers, replicationController('rc', 10));
    await client.whenAll(pods, '', 'ten run', all(10));
    await client.delete(`${replicationcontrollers}/rc`, { propagationPolicy: 'Orphan' });
    await client.whenGone(`${replicationcontrollers}/rc`);
    await cluster.idle();
    const left = await client.list(pods);
    expect(left.filter(({ metadata }) => !metadata.deletionTimestamp)).toHaveLength(10);
    expect(left.flatMap(ownersOf)).toEqual([]);
  });

  conformance('Garbage collector should delete RS created by deployment when not orphaning', async () => {
    const { pods, deployments, replicasets } = await fresh();
    await client.create(deployments, deployment('web', { replicas: 2 }));
    await client.whenAll(pods, '', 'two run', all(2));
    await client.delete(`${deployments}/web`, { propagationPolicy: 'Background' });
    await client.whenAll(replicasets, '', 'none is left', none);
    await client.whenAll(pods, '', 'none is left', none);
  });

  conformance(
    'Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan',
    async () => {
      const { pods, deployments, replicasets } = await fresh();
      await client.create(deployments, deployment('web', { replicas: 2 }));
      await client.whenAll(pods, '', 'two run', all(2));
      const [before] = await client.list(replicasets);
      await client.delete(`${deployments}/web`, { propagationPolicy: 'Orphan' });
      await client.whenGone(`${deployments}/web`);
      await cluster.idle();
      const [set, ...more] = await client.list(replicasets);
      expect(more).toEqual([]);
      expect(set.metadata.uid).toBe(before.metadata.uid);
      expect(ownersOf(set)).toEqual([]);
      expect((await client.list(pods)).flatMap(ownersOf)).toEqual([set.metadata.name, set.metadata.name]);
    },
  );

  conformance(
    'Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Serial]',
    async () => {
      const { pods, replicationcontrollers } = await fresh();
      await client.create(replicationcontrollers, replicationController('rc', 10));
      await client.whenAll(pods, '', 'ten run', all(10));
      // One pod is held back: as long as it is there, so is its owner.
      const [held] = await client.list(pods);
      const heldPath = `${pods}/${held.metadata.name}`;
      await client.patch(heldPath, { metadata: { finalizers: ['example.com/held'] } });
      await client.delete(`${replicationcontrollers}/rc`, { propagationPolicy: 'Foreground' });
      await client.whenAll(pods, '', 'only the one that is held is left', (items) => items.length === 1);
      await cluster.idle();
      const waiting = await client.read(`${replicationcontrollers}/rc`);
      expect(waiting.metadata.finalizers).toContain('foregroundDeletion');
      await client.patch(heldPath, { metadata: { finalizers: null } });
      await client.whenGone(`${replicationcontrollers}/rc`);
      expect(await client.list(pods)).toEqual([]);
    },
  );

  conformance(
    "Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Serial]",
    async () => {
      const { pods, replicationcontrollers } = await fresh();
      await client.create(replicationcontrollers, replicationController('goes', 10));
      await client.whenAll(pods, '', 'ten run', all(10));
      const stays = await client.create(replicationcontrollers, replicationController('stays', 0));
      const shared = (await client.list(pods)).slice(0, 5);
      for (const { metadata } of shared)
        await client.change(`${pods}/${metadata.name}`, (each) => {
          each.metadata.ownerReferences.push(owner(stays));
        });
      await client.delete(`${replicationcontrollers}/goes`, { propagationPolicy: 'Foreground' });
      await client.whenGone(`${replicationcontrollers}/goes`);
      const left = await client.whenAll(pods, '', 'half are left', (items) => items.length === 5);
      await cluster.idle();
      expect(left.map(({ metadata }) => metadata.uid).sort()).toEqual(
        shared.map(({ metadata }) => metadata.uid).sort(),
      );
      for (const each of await client.list(pods)) {
        expect(each.metadata.deletionTimestamp).toBeUndefined();
        expect(ownersOf(each)).toEqual(['stays']);
      }
    },
  );

  conformance('Garbage collector should not be blocked by dependency circle', async () => {
    const { pods } = await fresh();
    const made: Body[] = [];
    for (const name of ['pod1', 'pod2', 'pod3']) made.push(await client.create(pods, pod(name)));
    const [one, two, three] = made;
    for (const [of, by] of [
      [one, three],
      [two, one],
      [three, two],
    ])
      await client.patch(`${pods}/${of.metadata.name}`, {
        metadata: { ownerReferences: [{ ...owner(by), controller: true, blockOwnerDeletion: true }] },
      });
    await client.delete(`${pods}/pod1`, { propagationPolicy: 'Foreground' });
    await client.whenAll(pods, '', 'none is left', none);
  });
});

describe('the end of a namespace', () => {
  conformance('Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted', async () => {
    const name = await cluster.namespace('nsdeletetest');
    const { pods } = pathsOf(name);
    await client.create(pods, pod('runs'));
    await client.whenAll(pods, '', 'it runs', all(1));
    await client.delete(`/api/v1/namespaces/${name}`);
    await client.whenGone(`/api/v1/namespaces/${name}`);
    await client.create('/api/v1/namespaces', { metadata: { name } });
    expect(await client.list(pods)).toEqual([]);
  });

  conformance(
    'Namespaces [Serial] should ensure that all services are removed when a namespace is deleted',
    async () => {
      const name = await cluster.namespace('nsdeletetest');
      const { services } = pathsOf(name);
      const spec = { selector: { foo: 'bar' }, ports: [{ port: 80, targetPort: 80 }] };
      const { spec: given } = await client.create(services, { metadata: { name: 'test' }, spec });
      await client.delete(`/api/v1/namespaces/${name}`);
      await client.whenGone(`/api/v1/namespaces/${name}`);
      await client.create('/api/v1/namespaces', { metadata: { name } });
      expect(await client.list(services)).toEqual([]);
      // Its address is free again.
      const again = { metadata: { name: 'test' }, spec: { ...spec, clusterIP: given.clusterIP } };
      expect((await client.create(services, again)).spec.clusterIP).toBe(given.clusterIP);
    },
  );

  conformance('OrderedNamespaceDeletion namespace deletion should delete pod first', async () => {
    const name = await cluster.namespace('ordered');
    const { pods, configmaps } = pathsOf(name);
    const at = `/api/v1/namespaces/${name}`;
    await client.create(pods, pod('held', { finalizers: ['example.com/held'] }));
    await client.create(configmaps, { metadata: { name: 'stays' } });
    await client.delete(at);
    await client.when(`${pods}/held`, 'it is asked to go', ({ metadata }) => metadata.deletionTimestamp !== undefined);
    await client.when(at, 'it says what it waits for', ({ status }) =>
      (status.conditions ?? []).some(
        (each: Body) => each.type === 'NamespaceDeletionContentFailure' || each.type === 'NamespaceContentRemaining',
      ),
    );
    await cluster.idle();
    expect((await client.read(`${configmaps}/stays`)).metadata.deletionTimestamp).toBeUndefined();
    await client.patch(`${pods}/held`, { metadata: { finalizers: null } });
    await client.whenGone(at);
  });
});
