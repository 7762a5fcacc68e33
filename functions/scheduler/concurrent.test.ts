// Several schedulers at once, each with a model of its own, over one store: no node is overcommitted (D4).

import { afterEach, describe, expect, it } from 'vitest';
import { createRegistry, systemRandom } from '../../core/registry/create.ts';
import type { TestRegistry } from '../../core/registry/testing.ts';
import { createReplicas } from '../../core/replica/replicas.ts';
import { type Store, StoreError } from '../../core/store/store.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import { podRequests } from './resources.ts';
import { addPod, makeNode, makePod, openCluster, runScheduler, type TestScheduler, until } from './testing.ts';

let test: TestRegistry;
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  await test.close();
});

/** The store as a process sees it whose signals are all lost. */
function deaf(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'onCommit') return () => () => {};
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A scheduler with replicas and a registry of its own. */
async function startAlone(identity: string, schedulerName: string): Promise<TestScheduler> {
  const store = deaf(test.store);
  const replicas = createReplicas(store);
  const { definitions } = test;
  const clock = () => new Date();
  const registry = createRegistry({ store, replicas, definitions, clock, random: systemRandom });
  const running = await runScheduler(
    { ...test, store: test.store, replicas, registry },
    { identity, profiles: [{ schedulerName }] },
  );
  cleanUps.push(async () => {
    await running.scheduler.stop();
    replicas.close();
    expect(running.problems).toEqual([]);
  });
  return running;
}

async function pods(): Promise<V1Pod[]> {
  const { entries } = await test.registry.list(test.context, test.target('pods', 'default'), {});
  return entries.map(({ object }) => object as V1Pod);
}

function cpuByNode(all: readonly V1Pod[]): Map<string, number> {
  const used = new Map<string, number>();
  for (const { spec } of all) {
    if (!spec?.nodeName) continue;
    used.set(spec.nodeName, (used.get(spec.nodeName) ?? 0) + (podRequests(spec)['cpu'] ?? 0));
  }
  return used;
}

describe('two schedulers', () => {
  it('fill the nodes together and overcommit none, though neither hears of the other', async () => {
    const nodes = Array.from({ length: 5 }, (_, i) => makeNode(`n${i}`));
    test = await openCluster(nodes);
    for (let i = 0; i < 20; i++) {
      for (const schedulerName of ['one', 'two'])
        await addPod(test, makePod(`${schedulerName}-${i}`, { requests: { cpu: '1' }, spec: { schedulerName } }));
    }
    const both = await Promise.all([startAlone('first', 'one'), startAlone('second', 'two')]);
    await until('all room is used', async () => {
      for (const { scheduler } of both) scheduler.wake();
      return (await pods()).filter(({ spec }) => spec?.nodeName).length >= 20;
    });
    for (const { scheduler } of both) await scheduler.idle();
    expect(Object.fromEntries([...cpuByNode(await pods())].sort())).toEqual({
      n0: 4000,
      n1: 4000,
      n2: 4000,
      n3: 4000,
      n4: 4000,
    });
  });

  it('notice that a node was claimed by the other meanwhile', async () => {
    const nodes = Array.from({ length: 5 }, (_, i) => makeNode(`n${i}`));
    test = await openCluster(nodes);
    const names = ['one', 'two'] as const;
    const both = await Promise.all(names.map((name, i) => startAlone(`scheduler ${i}`, name)));
    const bound = async () => (await pods()).filter(({ spec }) => spec?.nodeName).length;
    // First each binds a pod to every node: the second takes all claims from the first, which does not hear of it.
    for (const [i, schedulerName] of names.entries()) {
      for (let n = 0; n < 5; n++)
        await addPod(test, makePod(`${schedulerName}-first-${n}`, { requests: { cpu: '1' }, spec: { schedulerName } }));
      both[i]?.scheduler.wake();
      await until('each node has one more pod', async () => (await bound()) === 5 * (i + 1));
    }
    // Then both go for the rest at the same moment.
    for (let n = 0; n < 10; n++) {
      for (const schedulerName of names)
        await addPod(test, makePod(`${schedulerName}-${n}`, { requests: { cpu: '1' }, spec: { schedulerName } }));
    }
    for (const { scheduler } of both) scheduler.wake();
    await until('all room is used', async () => {
      for (const { scheduler } of both) scheduler.wake();
      return (await bound()) >= 20;
    });
    for (const { scheduler } of both) await scheduler.idle();
    expect([...cpuByNode(await pods()).values()]).toEqual([4000, 4000, 4000, 4000, 4000]);
  });

  it('bind each pod once when both want the same ones', async () => {
    test = await openCluster([makeNode('a'), makeNode('b'), makeNode('c')]);
    for (let i = 0; i < 30; i++) await addPod(test, makePod(`p${i}`, { requests: { cpu: '500m' } }));
    const both = await Promise.all([
      startAlone('first', 'default-scheduler'),
      startAlone('second', 'default-scheduler'),
    ]);
    await until('all room is used', async () => {
      for (const { scheduler } of both) scheduler.wake();
      return (await pods()).filter(({ spec }) => spec?.nodeName).length >= 24;
    });
    for (const { scheduler } of both) await scheduler.idle();
    expect([...cpuByNode(await pods()).values()]).toEqual([4000, 4000, 4000]);
    const bound = both.flatMap(({ events }) => events.filter(({ event }) => event.reason === 'Scheduled'));
    expect(bound).toHaveLength(24);
    expect(new Set(bound.map(({ pod }) => pod)).size).toBe(24);
  });

  it('do not share a host port', async () => {
    test = await openCluster([makeNode('a'), makeNode('b')]);
    const ports = [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }];
    for (const schedulerName of ['one', 'two'])
      for (const i of [0, 1]) await addPod(test, makePod(`${schedulerName}-${i}`, { ports, spec: { schedulerName } }));
    const both = await Promise.all([startAlone('first', 'one'), startAlone('second', 'two')]);
    await until('both nodes are used', async () => {
      for (const { scheduler } of both) scheduler.wake();
      return (await pods()).filter(({ spec }) => spec?.nodeName).length >= 2;
    });
    for (const { scheduler } of both) await scheduler.idle();
    const nodes = (await pods()).flatMap(({ spec }) => spec?.nodeName ?? []);
    expect(nodes.sort()).toEqual(['a', 'b']);
  });
});

describe('a scheduler that comes to a node after another', () => {
  it('counts the pods that the other bound, also those that it wanted to bind itself', async () => {
    test = await openCluster([makeNode('a', { allocatable: { cpu: '2' } })]);
    for (const name of ['p1', 'p2', 'p3']) await addPod(test, makePod(name, { requests: { cpu: '1' } }));
    const others = ['p1', 'p3'];
    const store = new Proxy(test.store, {
      get(target, name) {
        if (name !== 'commit') return Reflect.get(deaf(target), name);
        // It has decided on p1 and p2, and is about to claim the node: the other one is faster.
        return async (writes: Parameters<Store['commit']>[0]) => {
          for (const other of others.splice(0)) await bindTo('a', other);
          return target.commit(writes);
        };
      },
    });
    const replicas = createReplicas(deaf(test.store));
    const running = await runScheduler({ ...test, store, replicas });
    cleanUps.push(async () => {
      await running.scheduler.stop();
      replicas.close();
      expect(running.problems).toEqual([]);
    });
    await until('the last one is known to have no room', async () => {
      running.scheduler.wake();
      await running.scheduler.idle();
      return (await pods()).some(
        ({ metadata, status, spec }) =>
          metadata?.name === 'p2' &&
          (spec?.nodeName || status?.conditions?.some(({ reason }) => reason === 'Unschedulable')),
      );
    });
    expect(cpuByNode(await pods())).toEqual(new Map([['a', 2000]]));
  });
});

async function bindTo(node: string, name: string): Promise<void> {
  const target = { ...test.target('pods', 'default', name), subresource: 'binding' };
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { kind: 'Node', name: node } };
  await test.registry.create(test.context, target, body);
}

describe('a scheduler that is not told whether its binds happened', () => {
  it('does not use the room again before it has seen', async () => {
    test = await openCluster([makeNode('a', { allocatable: { cpu: '1' } }), makeNode('b')]);
    let cut = false;
    const store = new Proxy(deaf(test.store), {
      get(target, name) {
        if (name === 'head' && cut) return async (type: string) => (type === 'pods' ? refuse() : target.head(type));
        return Reflect.get(target, name);
      },
    });
    const replicas = createReplicas(store);
    const registry = createRegistry({
      store: deaf(test.store),
      replicas,
      definitions: test.definitions,
      clock: () => new Date(),
      random: systemRandom,
    });
    const first = new Set(['stays', 'moves']);
    const create: typeof registry.create = async (context, target, body, options) => {
      if (target.subresource !== 'binding' || !first.delete(target.name ?? ''))
        return registry.create(context, target, body, options);
      // The one bind happens and the other does not; the scheduler is told of neither, and cannot look.
      cut = true;
      if (target.name === 'stays') await registry.create(context, target, body, options);
      return refuse();
    };
    const at = (operator: string, values: string[]) => ({
      matchExpressions: [{ key: 'kubernetes.io/hostname', operator, values }],
    });
    const required = { nodeSelectorTerms: [at('In', ['a'])] };
    const preferred = [{ weight: 100, preference: at('In', ['b']) }];
    const parts = { requests: { cpu: '1' } };
    const stays = { requiredDuringSchedulingIgnoredDuringExecution: required };
    const moves = { preferredDuringSchedulingIgnoredDuringExecution: preferred };
    await addPod(test, makePod('moves', { ...parts, spec: { affinity: { nodeAffinity: moves } } }));
    await addPod(test, makePod('stays', { ...parts, spec: { affinity: { nodeAffinity: stays } } }));
    const running = await runScheduler({ ...test, replicas, registry: { ...registry, create } });
    const { scheduler, problems } = running;
    cleanUps.push(async () => {
      await scheduler.stop();
      replicas.close();
    });
    await until(
      'both are in doubt',
      async () => problems.filter((each) => each.startsWith('catching up with')).length > 1,
    );
    // Now `a` is all that is left, and seems to be free.
    await test.registry.patch(test.context, test.target('nodes', '', 'b'), 'merge', { spec: { unschedulable: true } });
    await until('the other one tries again', async () => {
      await replicas.peek('nodes')?.catchUp();
      const failures = problems.filter((each) => each.startsWith('binding default/moves')).length;
      return failures > 1 || (await pods()).every(({ spec }) => spec?.nodeName);
    });
    cut = false;
    await until('it is known to have no room', async () => {
      scheduler.wake();
      await scheduler.idle();
      return (await pods()).some(({ status }) => status?.conditions?.some(({ reason }) => reason === 'Unschedulable'));
    });
    expect(cpuByNode(await pods())).toEqual(new Map([['a', 1000]]));
  });
});

function refuse(): never {
  throw new StoreError({ code: 'throttled', data: { retryAfterMs: 1 } }, 'DynamoDB does not answer.');
}
