import { describe, expect, it } from 'vitest';
import { createNodeIpamController } from './node-ipam.ts';
import { nodeLifecycleController } from './node-lifecycle.ts';
import { createNodeMonitor } from './node-monitor.ts';
import { podGarbageCollector } from './pod-gc.ts';
import { taintEvictionController } from './taint-eviction.ts';
import { TestCluster } from './testing/cluster.ts';

function node(name: string, ready = 'True') {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: ready }] },
  };
}

function pod(name: string, nodeName: string, tolerations: object[] = []) {
  const spec = { nodeName, tolerations, containers: [{ name: 'app', image: 'app:1' }] };
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec, status };
}

const taintsOf = (each: TestCluster, name: string) =>
  (each.state.get('nodes', '', name)?.spec?.taints ?? []).map((taint) => `${taint.key}:${taint.effect}`);

describe('Node IPAM', () => {
  it('gives every node a range of its own inside the cluster range', async () => {
    const each = new TestCluster([createNodeIpamController('10.244.0.0/20')]);
    for (let i = 0; i < 16; i++) each.put(node(`n${i}`));
    await each.settle();
    const ranges = each.state.list('nodes').map((found) => found.spec?.podCIDR ?? '');
    expect(new Set(ranges).size).toBe(16);
    const registered = each.events.filter(({ reason }) => reason === 'RegisteredNode').map(({ message }) => message);
    expect(registered).toHaveLength(16);
    expect(registered).toContain('Node n0 event: Registered Node n0 in Controller');
    for (const range of ranges) expect(range).toMatch(/^10\.244\.([0-9]|1[0-5])\.0\/24$/);
    each.put(node('one-too-many'));
    await each.settle();
    expect(each.events.map((event) => event.reason)).toContain('CIDRNotAvailable');
  });

  it('gives one of each family that the cluster has, or none', async () => {
    const each = new TestCluster([createNodeIpamController('10.244.0.0/16,fd00:10:244::/60')]);
    for (let i = 0; i < 16; i++) each.put(node(`n${i}`));
    await each.settle();
    const specs = each.state.list('nodes').map(({ spec }) => spec);
    expect(new Set(specs.flatMap((spec) => spec?.podCIDRs ?? [])).size).toBe(32);
    for (const spec of specs)
      expect(spec?.podCIDRs).toEqual([spec?.podCIDR, expect.stringMatching(/^fd00:10:244(:[0-9a-f])?::\/64$/)]);
    each.put(node('one-too-many'));
    await each.settle();
    expect(each.state.get('nodes', '', 'one-too-many')?.spec?.podCIDR).toBeUndefined();
    expect(each.events.map((event) => event.reason)).toContain('CIDRNotAvailable');
  });
});

describe('Taint eviction', () => {
  it('counts from when it first saw a taint that does not say since when it is there', async () => {
    const each = new TestCluster([taintEvictionController]);
    each.put({ ...node('a'), spec: { taints: [{ key: 'mine', effect: 'NoExecute' }] } });
    each.put(pod('patient', 'a', [{ key: 'mine', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }]));
    await each.settle();
    each.advance(59_000);
    await each.settle();
    const deletion = () => each.state.get('pods', 'default', 'patient')?.metadata.deletionTimestamp;
    expect(deletion()).toBeUndefined();
    each.advance(2_000);
    await each.settle();
    expect(deletion()).toBeDefined();
  });
});

describe('Node lifecycle', () => {
  it('tells once each time that a node says it is ready, or is not', async () => {
    const each = new TestCluster([nodeLifecycleController]);
    const says = async (status: string) => {
      each.change('nodes', '', 'a', (object) => {
        Object.assign(object, { status: { conditions: [{ type: 'Ready', status }] } });
      });
      await each.settle();
      return each.events.splice(0).map(({ message }) => message.replace('Node a status is now: ', ''));
    };
    // As admission lets a new node begin.
    const taints = [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }];
    each.put({ ...node('a', 'False'), spec: { taints } });
    expect(await says('False')).toEqual([]);
    expect(await says('True')).toEqual(['NodeReady']);
    expect(taintsOf(each, 'a')).toEqual([]);
    expect(await says('True')).toEqual([]);
    expect(await says('False')).toEqual(['NodeNotReady']);
    expect(taintsOf(each, 'a')).toContain('node.kubernetes.io/not-ready:NoSchedule');
    expect(await says('False')).toEqual([]);
    // That it fell silent, the monitor tells.
    expect(await says('Unknown')).toEqual([]);
    expect(await says('False')).toEqual(['NodeNotReady']);
    expect(await says('True')).toEqual(['NodeReady']);
  });

  function watched() {
    const beats = new Map<string, number>();
    let looks = 0;
    const heartbeats = async () => {
      looks++;
      return beats;
    };
    const monitor = createNodeMonitor({ heartbeats });
    const each = new TestCluster([monitor, nodeLifecycleController, taintEvictionController, podGarbageCollector]);
    const beat = (...names: string[]) => {
      for (const name of names) beats.set(name, each.now);
    };
    return { each, beat, looks: () => looks };
  }

  it('takes a silent node out, evicts its pods when they no longer tolerate it, and lets it back in', async () => {
    const { each, beat } = watched();
    each.put(node('a'));
    each.put(node('b'));
    const patient = {
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 300,
    };
    each.put(pod('patient', 'b', [patient]));
    each.put(pod('forever', 'b', [{ operator: 'Exists' }]));
    each.put(pod('none', 'b'));
    beat('a', 'b');
    await each.settle();
    expect(taintsOf(each, 'b')).toEqual([]);
    each.advance(50_000);
    beat('a');
    await each.settle();
    expect(taintsOf(each, 'b')).toEqual([
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    expect(each.state.get('pods', 'default', 'patient')?.status?.conditions?.[0]?.status).toBe('False');
    expect(each.state.get('pods', 'default', 'none')?.metadata.deletionTimestamp).toBeDefined();
    for (let i = 0; i < 6; i++) {
      each.advance(50_000);
      beat('a');
      await each.settle();
    }
    expect(each.state.get('pods', 'default', 'patient')?.metadata.deletionTimestamp).toBeDefined();
    expect(each.state.get('pods', 'default', 'forever')?.metadata.deletionTimestamp).toBeUndefined();
    beat('a', 'b');
    each.advance(20_000);
    await each.settle();
    expect(taintsOf(each, 'b')).toEqual([]);
    const told = each.events.filter(({ message }) => message.startsWith('Node b ')).map(({ reason }) => reason);
    expect(told).toEqual(['NodeNotReady', 'NodeReady']);
  });

  it('looks at all nodes together, and only when one of them may have been silent for too long', async () => {
    const { each, beat, looks } = watched();
    const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
    for (const name of names) each.put(node(name));
    beat(...names);
    await each.settle();
    const before = looks();
    // Each node beats every 20 s, at a time of its own.
    for (let second = 0; second < 300; second++) {
      each.advance(1000);
      beat(...names.filter((_, i) => second % 20 === i));
      await each.settle();
    }
    expect(looks() - before).toBeLessThanOrEqual(10);
    expect(looks() - before).toBeGreaterThanOrEqual(6);
    expect(names.flatMap((name) => taintsOf(each, name))).toEqual([]);
  });

  it('evicts nothing while no node at all is ready', async () => {
    const { each, beat } = watched();
    each.put(node('a'));
    each.put(pod('p', 'a'));
    beat('a');
    await each.settle();
    each.advance(60_000);
    await each.settle();
    expect(taintsOf(each, 'a')).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
    expect(each.state.get('pods', 'default', 'p')?.metadata.deletionTimestamp).toBeUndefined();
  });

  it('keeps taints that others put, and follows a cordon', async () => {
    const { each } = watched();
    const object = node('a');
    each.put({ ...object, spec: { unschedulable: true, taints: [{ key: 'mine', effect: 'NoSchedule' }] } });
    await each.settle();
    expect(taintsOf(each, 'a')).toEqual(['mine:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule']);
    each.change('nodes', '', 'a', (found) => {
      delete found.spec!.unschedulable;
    });
    await each.settle();
    expect(taintsOf(each, 'a')).toEqual(['mine:NoSchedule']);
  });
});

describe('The pod garbage collector', () => {
  it('waits before it takes the pods of a node that is gone', async () => {
    const each = new TestCluster([podGarbageCollector]);
    each.put(node('a'));
    each.put(pod('p', 'a'));
    each.remove('nodes', '', 'a');
    await each.settle();
    expect(each.state.get('pods', 'default', 'p')?.metadata.deletionTimestamp).toBeUndefined();
    each.advance(40_000);
    await each.settle();
    expect(each.state.get('pods', 'default', 'p')).toBeUndefined();
  });
});
