// sig-api-machinery: what a namespace may use (ResourceQuota), counted as objects come and go.

import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { type PodParts, pathsOf, pod, replicaSet, replicationController } from './cluster/objects.ts';
import { conformance } from './conformance.ts';

const dongle = 'example.com/dongle';
/** What the suite's own quota allows: something of every sort that can be counted. */
const everything = {
  pods: '5',
  services: '10',
  'services.nodeports': '1',
  'services.loadbalancers': '1',
  replicationcontrollers: '10',
  resourcequotas: '1',
  cpu: '1',
  memory: '500Mi',
  configmaps: '10',
  secrets: '10',
  persistentvolumeclaims: '10',
  'requests.storage': '10Gi',
  'ephemeral-storage': '50Gi',
  'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '10',
  'gold.storageclass.storage.k8s.io/requests.storage': '10Gi',
  'count/replicasets.apps': '5',
  [`requests.${dongle}`]: '3',
};
/** Of it, in a namespace that holds its quota, and the ConfigMap of the cluster's certificate that each has. */
const atFirst = {
  ...Object.fromEntries(Object.keys(everything).map((each) => [each, '0'])),
  resourcequotas: '1',
  configmaps: '1',
};

let cluster: Cluster;
let client: Cluster['client'];

beforeAll(async () => {
  cluster = await openCluster({ nodes: [{ name: 'n1', capacity: { [dongle]: '4' } }] });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
});

const quota = (name: string, hard: Record<string, string>, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name },
  spec: { hard, ...spec },
});
const same = (left: object = {}, right: object = {}) =>
  JSON.stringify(Object.entries(left).sort()) === JSON.stringify(Object.entries(right).sort());
const uses = (path: string, used: Record<string, string>) =>
  client.when(path, `it counts ${JSON.stringify(used)}`, ({ spec, status }) => {
    return same(status?.hard, spec.hard) && same(status?.used, used);
  });

/** A new namespace under a quota that counts what is there already. */
async function fresh() {
  const paths = pathsOf(await cluster.namespace());
  await client.when(`${paths.configmaps}/kube-root-ca.crt`, 'it is there', () => true);
  await client.create(paths.resourcequotas, quota('test', everything));
  const path = `${paths.resourcequotas}/test`;
  await uses(path, atFirst);
  return { ...paths, path, secrets: paths.configmaps.replace(/configmaps$/, 'secrets') };
}

/** The quota counts what is made here, and no longer when it is gone. */
async function isCounted(path: string, collection: string, body: Body, used: Record<string, string>): Promise<void> {
  await client.create(collection, body);
  await uses(path, { ...atFirst, ...used });
  await client.delete(`${collection}/${body.metadata.name}`);
  await uses(path, atFirst);
}

async function isRefused(collection: string, body: Body, why: RegExp): Promise<void> {
  const answer = await cluster.t.post(collection, body);
  expect(answer).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
  expect(answer.body.message).toMatch(why);
}

const requesting = (
  requests: Record<string, string>,
  limits: Record<string, string> = {},
  spec: PodParts['spec'] = {},
) => ({
  container: { resources: { requests, limits } },
  spec,
});

describe('ResourceQuota', () => {
  conformance('ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated.', async () => {
    const { path, resourcequotas } = await fresh();
    expect((await client.read(path)).status).toEqual({ hard: everything, used: atFirst });
    // A quota counts itself.
    await isRefused(
      resourcequotas,
      quota('second', { pods: '1' }),
      /exceeded quota: test, requested: resourcequotas=1/,
    );
  });

  conformance('ResourceQuota should create a ResourceQuota and capture the life of a service.', async () => {
    const { path, services } = await fresh();
    const service = (name: string, type: string) => ({ metadata: { name }, spec: { type, ports: [{ port: 80 }] } });
    await client.create(services, service('plain', 'ClusterIP'));
    await client.create(services, service('on-nodes', 'NodePort'));
    const one = { ...atFirst, services: '2', 'services.nodeports': '1' };
    await uses(path, one);
    // A load balancer has node ports too, and there are no more.
    await isRefused(services, service('balanced', 'LoadBalancer'), /exceeded quota: test, .*services\.nodeports=1/);
    await uses(path, one);
    for (const name of ['plain', 'on-nodes']) await client.delete(`${services}/${name}`);
    await uses(path, atFirst);
  });

  conformance('ResourceQuota should create a ResourceQuota and capture the life of a secret.', async () => {
    const { path, secrets } = await fresh();
    const secret = { metadata: { name: 'counted' }, stringData: { key: 'value' } };
    await isCounted(path, secrets, secret, { secrets: '1' });
  });

  conformance('ResourceQuota should create a ResourceQuota and capture the life of a configMap.', async () => {
    const { path, configmaps } = await fresh();
    await isCounted(path, configmaps, { metadata: { name: 'counted' } }, { configmaps: '2' });
  });

  conformance(
    'ResourceQuota should create a ResourceQuota and capture the life of a replication controller.',
    async () => {
      const { path, replicationcontrollers } = await fresh();
      const one = replicationController('counted', 0);
      await isCounted(path, replicationcontrollers, one, { replicationcontrollers: '1' });
    },
  );

  conformance('ResourceQuota should create a ResourceQuota and capture the life of a replica set.', async () => {
    const { path, replicasets } = await fresh();
    const one = replicaSet('counted', { replicas: 0 });
    await isCounted(path, replicasets, one, { 'count/replicasets.apps': '1' });
  });

  conformance('ResourceQuota should create a ResourceQuota and capture the life of a pod.', async () => {
    const { path, pods } = await fresh();
    const requests = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [dongle]: '2' };
    await client.create(pods, pod('counted', requesting(requests, { [dongle]: '2' })));
    const { [dongle]: dongles = '', ...computed } = requests;
    const used = { ...atFirst, pods: '1', ...computed, [`requests.${dongle}`]: dongles };
    await uses(path, used);

    const more = requesting({ cpu: '600m', memory: '100Mi', 'ephemeral-storage': '10Gi' });
    await isRefused(
      pods,
      pod('more', more),
      /exceeded quota: test, requested: cpu=600m, used: cpu=500m, limited: cpu=1/,
    );
    const extended = requesting(
      { cpu: '100m', memory: '1Mi', 'ephemeral-storage': '1Gi', [dongle]: '2' },
      { [dongle]: '2' },
    );
    await isRefused(
      pods,
      pod('extended', extended),
      new RegExp(`requested: requests.${dongle}=2, used: requests.${dongle}=2`),
    );
    const silent = /failed quota: test: must specify /;
    await isRefused(pods, pod('silent'), silent);

    const { spec, ...rest } = await client.read(`${pods}/counted`);
    const [{ resources, ...container }] = spec.containers;
    const smaller = { ...resources, requests: { ...requests, cpu: '100m', memory: '100Mi' } };
    const update = await cluster.t.put(`${pods}/counted`, {
      ...rest,
      spec: { ...spec, containers: [{ ...container, resources: smaller }] },
    });
    expect(update).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
    await uses(path, used);

    await client.delete(`${pods}/counted`, { gracePeriodSeconds: 0 });
    await uses(path, atFirst);
  });

  conformance('ResourceQuota should be able to update and delete ResourceQuota.', async () => {
    const { resourcequotas } = pathsOf(await cluster.namespace());
    const path = `${resourcequotas}/test`;
    const hard = { cpu: '1', memory: '500Mi' };
    expect((await client.create(resourcequotas, quota('test', hard))).spec.hard).toEqual(hard);
    const larger = { cpu: '2', memory: '1Gi' };
    await client.change(path, ({ spec }) => {
      spec.hard = larger;
    });
    expect((await client.read(path)).spec.hard).toEqual(larger);
    await client.delete(path);
    expect((await cluster.t.get(path)).status).toBe(404);
  });

  conformance('ResourceQuota should manage the lifecycle of a ResourceQuota', async () => {
    const { resourcequotas } = pathsOf(await cluster.namespace());
    const elsewhere = pathsOf(await cluster.namespace()).resourcequotas;
    const labels = { kind: 'managed' };
    const named = (name: string) => ({ ...quota(name, { cpu: '500m', memory: '500Mi' }), metadata: { name, labels } });
    await client.create(resourcequotas, named('test'));
    await client.create(elsewhere, { ...named('test'), metadata: { name: 'test' } });
    const query = 'labelSelector=kind%3Dmanaged';
    expect(await client.list('/api/v1/resourcequotas', query)).toHaveLength(1);
    const hard = { cpu: '750m', memory: '750Mi' };
    const body = { metadata: { labels: { test: 'patched' } }, spec: { hard } };
    const patched = await cluster.t.patch(`${resourcequotas}/test`, 'application/strategic-merge-patch+json', body);
    expect(patched).toMatchObject({
      status: 200,
      body: { metadata: { labels: { ...labels, test: 'patched' } }, spec: { hard } },
    });
    await client.create(resourcequotas, named('other'));
    await client.delete(`${resourcequotas}?labelSelector=test%3Dpatched`);
    expect(await client.list('/api/v1/resourcequotas', query)).toMatchObject([{ metadata: { name: 'other' } }]);
    expect(await client.list(elsewhere)).toHaveLength(1);
  });

  conformance('ResourceQuota should apply changes to a resourcequota status', async () => {
    const { resourcequotas } = pathsOf(await cluster.namespace());
    const path = `${resourcequotas}/test`;
    const watch = await client.watch(resourcequotas);
    const hard = { cpu: '500m', memory: '500Mi' };
    await client.create(resourcequotas, quota('test', hard));
    const reports = (wanted: object) => watch.until('MODIFIED', ({ status }) => same(status?.hard, wanted));
    await reports(hard);

    const updated = { cpu: '600m', memory: '600Mi' };
    expect(
      (
        await client.change(`${path}/status`, ({ status }) => {
          status.hard = updated;
        })
      ).status.hard,
    ).toEqual(updated);
    expect((await reports(updated)).spec.hard).toEqual(hard);
    // Its controller reports again what the spec says.
    await reports(hard);

    const wanted = { cpu: '1', memory: '1Gi' };
    expect((await client.patch(path, { spec: { hard: wanted } })).spec.hard).toEqual(wanted);
    await reports(wanted);
    for (const patch of [
      { cpu: '700m', memory: '700Mi' },
      { cpu: '800m', memory: '800Mi' },
    ]) {
      // The spec in it is left out.
      const answer = await client.patch(`${path}/status`, { spec: { hard: patch }, status: { hard: patch } });
      expect(answer).toMatchObject({ spec: { hard: wanted }, status: { hard: patch } });
      expect((await reports(patch)).spec.hard).toEqual(wanted);
      await reports(wanted);
      const { spec, status } = await client.read(`${path}/status`);
      expect([spec.hard, status.hard]).toEqual([wanted, wanted]);
    }
    watch.stop();
  });

  /** Two quotas that look at different pods: what one of them looks at counts there, and only there. */
  async function countsOnlyIn(
    { resourcequotas, pods }: ReturnType<typeof pathsOf>,
    here: string,
    there: string,
    one: Body,
    used: Record<string, string>,
  ): Promise<void> {
    const none = Object.fromEntries(
      Object.keys((await client.read(`${resourcequotas}/${there}`)).spec.hard).map((each) => [each, '0']),
    );
    const empty = Object.fromEntries(Object.keys(used).map((each) => [each, '0']));
    await client.create(pods, one);
    await uses(`${resourcequotas}/${here}`, used);
    await uses(`${resourcequotas}/${there}`, none);
    await client.delete(`${pods}/${one.metadata.name}`, { gracePeriodSeconds: 0 });
    await uses(`${resourcequotas}/${here}`, empty);
    await uses(`${resourcequotas}/${there}`, none);
  }

  conformance('ResourceQuota should verify ResourceQuota with terminating scopes.', async () => {
    const paths = pathsOf(await cluster.namespace());
    const hard = {
      pods: '5',
      'requests.cpu': '1',
      'requests.memory': '500Mi',
      'limits.cpu': '2',
      'limits.memory': '1Gi',
    };
    for (const scope of ['Terminating', 'NotTerminating']) {
      await client.create(paths.resourcequotas, quota(scope.toLowerCase(), hard, { scopes: [scope] }));
      await uses(`${paths.resourcequotas}/${scope.toLowerCase()}`, {
        pods: '0',
        'requests.cpu': '0',
        'requests.memory': '0',
        'limits.cpu': '0',
        'limits.memory': '0',
      });
    }
    const requests = { cpu: '500m', memory: '200Mi' };
    const limits = { cpu: '1', memory: '400Mi' };
    const used = {
      pods: '1',
      'requests.cpu': '500m',
      'requests.memory': '200Mi',
      'limits.cpu': '1',
      'limits.memory': '400Mi',
    };
    await countsOnlyIn(paths, 'notterminating', 'terminating', pod('long', requesting(requests, limits)), used);
    const short = pod('short', requesting(requests, limits, { activeDeadlineSeconds: 3600 }));
    await countsOnlyIn(paths, 'terminating', 'notterminating', short, used);
  });

  conformance('ResourceQuota should verify ResourceQuota with best effort scope.', async () => {
    const paths = pathsOf(await cluster.namespace());
    for (const scope of ['BestEffort', 'NotBestEffort']) {
      await client.create(paths.resourcequotas, quota(scope.toLowerCase(), { pods: '5' }, { scopes: [scope] }));
      await uses(`${paths.resourcequotas}/${scope.toLowerCase()}`, { pods: '0' });
    }
    await countsOnlyIn(paths, 'besteffort', 'notbesteffort', pod('poor'), { pods: '1' });
    const rich = pod('rich', requesting({ cpu: '500m', memory: '200Mi' }, { cpu: '1', memory: '400Mi' }));
    await countsOnlyIn(paths, 'notbesteffort', 'besteffort', rich, { pods: '1' });
  });
});
