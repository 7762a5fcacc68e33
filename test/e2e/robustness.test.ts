// kill -9 of the control plane, the agent and containerd, in any order, while a client writes: what was answered is there after `up`,
// and what ran runs on, untouched.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { deployment, forever, pod, shell } from '../tools/manifests.ts';

const seed = 20261123;
const rounds = 5;
const programs = ['control-plane', 'agent', 'containerd'] as const;

describe.skipIf(process.getuid?.() !== 0)('a cluster under kill -9 (needs root)', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster('zpe2e7', '10.210.7');
    const container = shell('main', `echo begun; ${forever}`, {
      readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 },
      livenessProbe: { exec: { command: ['true'] }, periodSeconds: 1 },
    });
    await cluster.apply([deployment('steady', 3, { terminationGracePeriodSeconds: 1, containers: [container] })]);
    await cluster.kubectl('rollout', 'status', 'deployment/steady', '--timeout=120s');
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  const up = async () => {
    const { code, stdout, stderr } = await cluster.zeroplane('up', '--detach');
    expect(code, `${stdout}\n${stderr}`).toBe(0);
  };
  /** Pod, container id and restart count of each pod, once all are ready. */
  const steady = () =>
    eventually(60, async () => {
      const { items } = await cluster.read('pods', '-l', 'app=steady');
      const lines = items.map((each: PodView) => {
        const [status] = each.status.containerStatuses;
        return status?.ready && `${each.metadata.name} ${status.containerID} ${status.restartCount}`;
      });
      return lines.length === 3 && lines.every(Boolean) && lines.sort();
    });

  it(`loses nothing that was answered and restarts nothing, ${rounds} times over (seed ${seed})`, async () => {
    const before = await steady();
    const random = randomFrom(seed);
    const writer = startWriter(cluster);
    for (let round = 0; round < rounds; round += 1) {
      const order = [...programs].sort(() => random() - 0.5).slice(0, 1 + Math.floor(random() * programs.length));
      for (const program of order) {
        await new Promise((resolve) => setTimeout(resolve, random() * 400));
        cluster.kill(program);
      }
      await up();
    }
    const answered = await writer.end();
    expect(answered.length).toBeGreaterThan(rounds);
    const { items } = await cluster.read('configmaps', '-l', 'written=yes');
    const stored = new Set(items.map((each: { metadata: { name: string } }) => each.metadata.name));
    expect(answered.filter((name) => !stored.has(name))).toEqual([]);
    expect(await steady()).toEqual(before);
    expect(await cluster.kubectl('logs', '-l', 'app=steady')).toBe('begun\nbegun\nbegun\n');
    // And the node does its work again.
    await cluster.apply([pod('after', [shell('main', 'echo after')], { restartPolicy: 'Never' })]);
    await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/after', '--timeout=120s');
  });

  it('does what was asked of a node while its agent was away, once it is back', async () => {
    const before = await steady();
    const [first = '', second = '', third = ''] = before.map((line: string) => line.split(' ')[0]);
    const { metadata } = await cluster.read('pod', first);
    cluster.kill('agent');
    await cluster.kubectl('delete', 'pod', first, '--wait=false');
    await cluster.kubectl('label', 'pod', second, 'changed=yes');
    await cluster.kubectl('scale', 'deployment/steady', '--replicas=4');
    await cluster.apply([pod('meanwhile', [shell('main', 'echo done')], { restartPolicy: 'Never' })]);
    // Nobody else may say that a pod has ended.
    expect((await cluster.read('pod', first)).metadata.uid).toBe(metadata.uid);
    await up();
    await cluster.kubectl('wait', '--for=delete', `pod/${first}`, '--timeout=120s');
    await cluster.kubectl('rollout', 'status', 'deployment/steady', '--timeout=120s');
    await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/meanwhile', '--timeout=120s');
    for (const name of [second, third]) {
      const [status] = (await cluster.read('pod', name)).status.containerStatuses;
      expect(before).toContain(`${name} ${status.containerID} ${status.restartCount}`);
    }
    await cluster.kubectl('scale', 'deployment/steady', '--replicas=3');
    await eventually(60, async () => (await cluster.read('pods', '-l', 'app=steady')).items.length === 3);
  });

  it('is as it was after down and up: the same pods with their restarts counted, and every object', async () => {
    await steady();
    const objects = async () => {
      const kinds = 'deployments,replicasets,configmaps,services,secrets,serviceaccounts,namespaces';
      const { items } = await cluster.read(kinds, '-A');
      return items
        .map(({ kind, metadata }: Identified) => `${kind} ${metadata.namespace}/${metadata.name} ${metadata.uid}`)
        .sort();
    };
    const before = await objects();
    const pods = async () =>
      (await cluster.read('pods', '-l', 'app=steady')).items.map((each: Identified) => each.metadata.uid).sort();
    const podsBefore = await pods();
    const { code, stderr } = await cluster.zeroplane('down');
    expect(code, stderr).toBe(0);
    await up();
    expect(await objects()).toEqual(before);
    expect(await pods()).toEqual(podsBefore);
    const lines = await steady();
    // Their containers went with `down`: that counts as one restart.
    expect(lines.map((line: string) => line.split(' ')[2])).toEqual(['1', '1', '1']);
  });
});

interface Identified {
  kind: string;
  metadata: { name: string; namespace?: string; uid: string };
}

interface PodView {
  metadata: { name: string };
  status: { containerStatuses: { ready: boolean; containerID: string; restartCount: number }[] };
}

/** Creates one ConfigMap after another; `end` gives the names of those whose creation was answered. */
function startWriter(cluster: TestCluster) {
  const answered: string[] = [];
  let done = false;
  const work = (async () => {
    for (let i = 0; !done; i += 1) {
      const name = `written-${i}`;
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { written: 'yes' } } };
      // Refused while the control plane is away: then nothing was promised.
      await cluster.apply([object], '--validate=false').then(
        () => answered.push(name),
        () => undefined,
      );
    }
  })();
  return {
    end: async () => {
      done = true;
      await work;
      return answered;
    },
  };
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
