import { describe, expect, it } from 'vitest';
import { uninitializedTaint } from '../../../core/node/joining.ts';
import { TestCluster } from '../testing/cluster.ts';
import type { CloudInstance, CloudInstances } from './cloud-instances.ts';
import { createCloudNodeController } from './cloud-node.ts';

const name = 'i-0123456789abcdef0';
const machine: CloudInstance = {
  providerID: `aws:///eu-central-1a/${name}`,
  state: 'running',
  region: 'eu-central-1',
  zone: 'eu-central-1a',
  type: 't4g.small',
  addresses: [
    { type: 'InternalIP', address: '10.0.0.7' },
    { type: 'ExternalIP', address: '192.0.2.7' },
  ],
};

/** A cloud in which `machines` exist, that covers the nodes whose names start with `i-`. */
function cloud(machines: Map<string, CloudInstance>) {
  const instances: CloudInstances & { asked: number; fails: boolean } = {
    asked: 0,
    fails: false,
    covers: (node) => node.name.startsWith('i-'),
    async find(node) {
      instances.asked++;
      if (instances.fails) throw new Error('not authorized to perform ec2:DescribeInstances');
      return machines.get(node.name);
    },
  };
  return { instances, cluster: new TestCluster([createCloudNodeController(instances)]) };
}

function node(given: { ready?: string; providerID?: string; taints?: object[] } = {}) {
  const { ready = 'True', ...spec } = given;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec,
    status: {
      addresses: [
        { type: 'InternalIP', address: '10.0.0.7' },
        { type: 'Hostname', address: 'worker' },
      ],
      conditions: [{ type: 'Ready', status: ready, lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  };
}

const fresh = () => node({ taints: [{ key: uninitializedTaint, value: 'true', effect: 'NoSchedule' }] });

describe('a node that is a machine of the cloud', () => {
  it('is told what machine it is, keeps what only it knows, and may then take pods', async () => {
    const { cluster, instances } = cloud(new Map([[name, machine]]));
    cluster.put(fresh());
    await cluster.settle();
    const found = cluster.state.get('nodes', '', name);
    expect(found?.spec).toMatchObject({ providerID: machine.providerID, taints: [] });
    expect(found?.metadata.labels).toEqual({
      'node.kubernetes.io/instance-type': 't4g.small',
      'topology.kubernetes.io/region': 'eu-central-1',
      'topology.kubernetes.io/zone': 'eu-central-1a',
    });
    expect(found?.status?.addresses).toEqual([
      { type: 'InternalIP', address: '10.0.0.7' },
      { type: 'Hostname', address: 'worker' },
      { type: 'ExternalIP', address: '192.0.2.7' },
    ]);
    expect(instances.asked).toBe(1);
  });

  it('waits with its taint, and says why, while the cloud does not tell', async () => {
    const { cluster, instances } = cloud(new Map([[name, machine]]));
    instances.fails = true;
    cluster.put(fresh());
    await cluster.settle();
    expect(cluster.state.get('nodes', '', name)?.spec?.taints).toHaveLength(1);
    expect(cluster.events).toMatchObject([{ reason: 'CloudLookupFailed' }]);
    expect(cluster.events[0]?.message).toContain('ec2:DescribeInstances');
    instances.fails = false;
    cluster.advance(60_000);
    await cluster.settle();
    expect(cluster.state.get('nodes', '', name)?.spec?.taints).toEqual([]);
  });

  it('is deleted when it is not ready and its machine is gone', async () => {
    const machines = new Map([[name, machine]]);
    const { cluster } = cloud(machines);
    cluster.put(fresh());
    await cluster.settle();
    machines.clear();
    cluster.advance(1000);
    await cluster.settle();
    expect(cluster.state.get('nodes', '', name)).toBeDefined();
    cluster.change('nodes', '', name, (each) => {
      const ready = each.status?.conditions?.[0];
      if (ready) ready.status = 'Unknown';
    });
    await cluster.settle();
    expect(cluster.state.get('nodes', '', name)).toBeUndefined();
    expect(cluster.events.at(-1)).toMatchObject({ reason: 'DeletingNode' });
  });

  it('is not deleted for a name that the cloud never knew', async () => {
    const { cluster } = cloud(new Map());
    cluster.put(node({ ready: 'Unknown' }));
    await cluster.settle();
    expect(cluster.state.get('nodes', '', name)).toBeDefined();
  });

  it('is kept from new pods while its machine is stopped, and takes them again when it is back', async () => {
    const machines = new Map<string, CloudInstance>([[name, { ...machine, state: 'stopped' }]]);
    const { cluster } = cloud(machines);
    cluster.put({ ...node({ ready: 'Unknown', providerID: machine.providerID }), metadata: { name } });
    await cluster.settle();
    const taints = () => cluster.state.get('nodes', '', name)?.spec?.taints?.map((each) => each.key);
    expect(taints()).toEqual(['node.cloudprovider.kubernetes.io/shutdown']);
    expect(cluster.events.map((each) => each.reason)).toContain('NodeShutdown');
    machines.set(name, machine);
    cluster.change('nodes', '', name, (each) => {
      const ready = each.status?.conditions?.[0];
      if (ready) ready.status = 'True';
    });
    await cluster.settle();
    expect(taints()).toEqual([]);
  });

  it('is looked up less and less often the longer it is away, and not at all while it is ready', async () => {
    const { cluster, instances } = cloud(new Map([[name, machine]]));
    cluster.put(node({ ready: 'Unknown', providerID: machine.providerID }));
    for (let minute = 0; minute < 24 * 60; minute++) {
      await cluster.settle();
      cluster.advance(60_000);
    }
    expect(instances.asked).toBeGreaterThan(90);
    expect(instances.asked).toBeLessThan(110);
    const before = instances.asked;
    cluster.change('nodes', '', name, (each) => {
      const ready = each.status?.conditions?.[0];
      if (ready) ready.status = 'True';
    });
    for (let minute = 0; minute < 60; minute++) {
      await cluster.settle();
      cluster.advance(60_000);
    }
    expect(instances.asked).toBe(before);
  });
});
