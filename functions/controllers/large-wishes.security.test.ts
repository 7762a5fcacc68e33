// What a user may ask of a controller costs it what there is, not what was asked for: one thread makes the pods of all.

import { expect, it } from 'vitest';
import { tried } from '../../test/tools/tried.ts';
import { garbageCollector } from './garbage-collector.ts';
import { jobController } from './job.ts';
import { statefulSetController } from './statefulset.ts';
import { TestCluster } from './testing/cluster.ts';

const most = 2 ** 31 - 1;
const template = {
  metadata: { labels: { app: 'x' } },
  spec: { restartPolicy: 'Always', containers: [{ name: 'a', image: 'i' }] },
};
const context = (each: TestCluster) => ({ now: each.now, random: () => 0 });

it('a StatefulSet of two billion pods makes as many in one pass as one of a thousand', async () => {
  for (const replicas of [1000, most]) {
    const each = new TestCluster();
    const spec = {
      replicas,
      podManagementPolicy: 'Parallel',
      serviceName: 's',
      selector: { matchLabels: { app: 'x' } },
      template,
    };
    each.put({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 's', namespace: 'default', uid: 's' },
      spec,
    });
    const actions = await statefulSetController.reconcile(each.state, 'default/s', context(each));
    expect(actions.filter((action) => action.do === 'create' && action.type === 'pods')).toHaveLength(500);
    tried('wishes for billions');
  }
});

it('a StatefulSet that has all its pods but two billion looks at those that it has', async () => {
  const each = new TestCluster([statefulSetController]);
  const spec = { replicas: 3, serviceName: 's', selector: { matchLabels: { app: 'x' } }, template };
  each.put({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 's', namespace: 'default', uid: 's' },
    spec,
  });
  for (let i = 0; i < 4; i += 1) {
    await each.settle();
    each.runPods();
  }
  each.change('apps/statefulsets', 'default', 's', (set) => Object.assign(set.spec ?? {}, { replicas: most }));
  await each.settle();
  expect(each.state.list('pods')).toHaveLength(4);
});

it('a Job that succeeds by two billion indexes is asked for those that it has', async () => {
  const each = new TestCluster();
  const spec = {
    completions: most,
    parallelism: 1,
    completionMode: 'Indexed',
    selector: { matchLabels: { app: 'x' } },
    template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } },
    successPolicy: { rules: [{ succeededIndexes: `0,2-${most - 1}`, succeededCount: 1 }] },
  };
  const status = { completedIndexes: '1', succeeded: 1 };
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j', namespace: 'default', uid: 'j' },
    spec,
    status,
  };
  each.put(job);
  const actions = await jobController.reconcile(each.state, 'default/j', context(each));
  expect(actions.filter((action) => action.do === 'create' && action.type === 'pods')).toHaveLength(1);
  tried('wishes for billions');
});

it('what names an owner in another namespace does not hold up its deletion', async () => {
  const each = new TestCluster([garbageCollector]);
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'o', namespace: 'theirs', uid: 'o' } };
  each.put({
    ...owner,
    metadata: { ...owner.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['foregroundDeletion'] },
  });
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'o', blockOwnerDeletion: true };
  const metadata = { name: 'd', namespace: 'mine', finalizers: ['example.com/never'], ownerReferences: [reference] };
  each.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await each.settle();
  expect(each.state.get('configmaps', 'theirs', 'o')).toBeUndefined();
  tried('owners in other namespaces');
});
