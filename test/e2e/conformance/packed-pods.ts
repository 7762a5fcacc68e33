// Many behaviours that are about what a container sees or does, in few pods and containers: cases that ask the same of their
// container run in one, one after the other, and containers that ask the same of their pod share it. A container's log is what its
// cases wrote, each below a line of its own.

import { resolve } from 'node:path/posix';
import { expect } from 'vitest';
import type { V1Container, V1Pod, V1PodSpec, V1Volume, V1VolumeMount } from '../../../generated/kubernetes.ts';
import { eventually, type TestCluster } from '../../tools/cluster.ts';
import { shell } from '../../tools/manifests.ts';

export interface ContainerCase {
  /** Run by a shell. Its volumes are below `$DIR`. */
  readonly script?: string;
  /** More of the container. With a `command` in place of the script it runs this case only. */
  readonly container?: Partial<V1Container>;
  /** By name; each is mounted at `$DIR/<name>`. */
  readonly volumes?: Readonly<Record<string, Omit<V1Volume, 'name'>>>;
  /** Where else they are mounted: below `$DIR`, unless the path is absolute. */
  readonly mounts?: readonly V1VolumeMount[];
  /** What it asks of its pod. */
  readonly pod?: Partial<V1PodSpec>;
  /** What it wrote, in lines, and the pod as it ended. */
  readonly check: (lines: string[], pod: V1Pod) => void;
}

export interface PackedPods {
  /** The test of a case: call it while tests are collected. */
  container(of: ContainerCase): () => Promise<void>;
  /** The same, for one that writes just these lines. */
  says(of: Omit<ContainerCase, 'check'>, ...lines: string[]): () => Promise<void>;
  /** Starts all of them. */
  start(cluster: TestCluster): Promise<void>;
}

interface Shared {
  readonly name: string;
  readonly pod: string;
  readonly cases: ContainerCase[];
}

interface Result {
  readonly pod: V1Pod;
  /** By container, by number of the case. */
  readonly logs: ReadonlyMap<string, string[][]>;
}

const marker = '--- next case';

export function packPods(prefix: string): PackedPods {
  const pods = new Map<string, string>();
  const containers = new Map<string, Shared>();
  const results = new Map<string, Promise<Result>>();

  function place(of: ContainerCase): Shared {
    const podKey = JSON.stringify(of.pod ?? {});
    const pod = pods.get(podKey) ?? `${prefix}-${pods.size}`;
    pods.set(podKey, pod);
    const key = `${pod} ${of.container?.command ? containers.size : JSON.stringify(of.container ?? {})}`;
    const shared = containers.get(key) ?? { name: `c${containers.size}`, pod, cases: [] };
    containers.set(key, shared);
    return shared;
  }

  function container(of: ContainerCase): () => Promise<void> {
    const { name, pod, cases } = place(of);
    const number = cases.push(of) - 1;
    return async () => {
      const result = await results.get(pod);
      if (!result) throw new Error('the pods were not started');
      of.check(result.logs.get(name)?.[number] ?? [], result.pod);
    };
  }

  return {
    container,
    says: (of, ...lines) => container({ ...of, check: (written) => expect(written).toEqual(lines) }),
    async start(cluster) {
      const all = [...containers.values()];
      const made = [...pods].map(([key, name]) =>
        manifest(
          name,
          JSON.parse(key),
          all.filter((each) => each.pod === name),
        ),
      );
      await cluster.apply(made);
      for (const name of pods.values()) {
        const result = ended(cluster, name);
        // The tests that look at it fail with it.
        result.catch(() => undefined);
        results.set(name, result);
      }
    },
  };
}

function manifest(name: string, spec: Partial<V1PodSpec>, containers: readonly Shared[]): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 1,
      restartPolicy: 'Never',
      ...spec,
      containers: containers.map(containerOf),
      volumes: containers.flatMap((shared) =>
        shared.cases.flatMap(({ volumes = {} }, number) =>
          Object.entries(volumes).map(([volume, source]) => ({
            ...forContainer(source, shared.name),
            name: volumeName(shared, number, volume),
          })),
        ),
      ),
    },
  };
}

function volumeName({ name }: Shared, number: number, volume: string): string {
  return `${name}-${number}-${volume}`;
}

function containerOf(shared: Shared): V1Container {
  const { name, cases } = shared;
  const [first] = cases;
  const volumeMounts = cases.flatMap(({ volumes = {}, mounts = [] }, number) => {
    const all = [...Object.keys(volumes).map((volume) => ({ name: volume, mountPath: volume })), ...mounts];
    return all.map((each) => ({
      ...each,
      name: volumeName(shared, number, each.name),
      mountPath: resolve(`/case${number}`, each.mountPath),
    }));
  });
  const script = cases.map((each, number) => `echo '${marker}'; (DIR=/case${number}; ${each.script})`).join('\n');
  return { ...shell(name, script), ...first?.container, volumeMounts };
}

/** Files about "this container" name it. */
function forContainer(source: Omit<V1Volume, 'name'>, container: string): Omit<V1Volume, 'name'> {
  return JSON.parse(JSON.stringify(source).replaceAll('"containerName":"self"', `"containerName":"${container}"`));
}

async function ended(cluster: TestCluster, name: string): Promise<Result> {
  const pod: V1Pod = await eventually(170, async () => {
    const read = await cluster.read('pod', name);
    if (['Succeeded', 'Failed'].includes(read.status.phase)) return read;
    throw new Error(`pod ${name} has not ended: ${JSON.stringify(read.status)}`);
  });
  const written = await cluster.kubectl('logs', name, '--all-containers', '--prefix');
  const logs = new Map<string, string[][]>();
  for (const line of written.split('\n')) {
    const [, container = '', text = ''] = /^\[pod\/[^/]+\/([^\]]+)\] ?(.*)$/.exec(line) ?? [];
    if (!container) continue;
    const cases = logs.get(container) ?? [];
    logs.set(container, cases);
    if (text === marker) cases.push([]);
    else if (cases.length === 0) cases.push([text]);
    else cases.at(-1)?.push(text);
  }
  return { pod, logs };
}
