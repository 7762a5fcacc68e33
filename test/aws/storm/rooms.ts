// A ReplicaSet of more pods than two nodes have room for, some of them deleted again and again, and a watcher that counts at every
// revision how many there are and what is bound where.

import { setTimeout as delay } from 'node:timers/promises';
import type { V1Pod, V1ReplicaSet } from '../../../generated/kubernetes.ts';
import { Random } from '../../simulation/random.ts';
import type { ApiClient } from '../api-client.ts';

export interface Rooms {
  /** Deletes pods until the signal. */
  run(over: AbortSignal): Promise<void>;
  /** Counts until the signal. */
  follow(done: AbortSignal): Promise<void>;
  readonly deleted: number;
  /** What was too much at some revision. */
  readonly violations: readonly string[];
  /** What is not as it must be once nothing changes any more. */
  problems(): Promise<string[]>;
}

/** The room of a node, in pods. */
const room = 10;
export const roomCpu = '1';
const podCpu = '100m';
const wanted = 25;
const core = '/api/v1/namespaces/default';
const ours = 'labelSelector=room';
const mostAtOnce = 5;
const longestPauseMs = 800;

export function roomsIn(client: ApiClient, seed: number): Rooms {
  const random = new Random(seed * 43);
  const pods = new Map<string, V1Pod>();
  const violations: string[] = [];
  let deleted = 0;

  function see(type: string, pod: V1Pod): void {
    const name = pod.metadata?.name ?? '';
    const [before, after] = [pods.get(name)?.spec?.nodeName, pod.spec?.nodeName];
    const at = `at ${pod.metadata?.resourceVersion}`;
    if (before !== undefined && after !== before) violations.push(`${name} went from ${before} to ${after} ${at}`);
    if (type === 'DELETED') pods.delete(name);
    else pods.set(name, pod);
    const all = [...pods.values()];
    const there = all.filter(({ spec }) => after !== undefined && spec?.nodeName === after).length;
    if (there > room) violations.push(`${after} has ${there} pods ${at}`);
    const live = all.filter(({ metadata }) => !metadata?.deletionTimestamp).length;
    if (live > wanted) violations.push(`there are ${live} pods ${at}`);
  }

  return {
    async run(over) {
      await client.sendUntil([201, 409], 'POST', '/apis/apps/v1/namespaces/default/replicasets', replicaSet);
      while (!over.aborted) {
        await delay(random.below(longestPauseMs));
        if (pods.size < wanted) continue;
        // Several at once: schedulers that fill the same gaps from different ends then want the same room for different pods.
        const names = new Set(
          Array.from({ length: random.between(1, mostAtOnce) }, () => random.pick([...pods.keys()])),
        );
        await Promise.all([...names].map((name) => client.sendUntil([200, 404], 'DELETE', `${core}/pods/${name}`)));
        deleted += names.size;
      }
    },
    async follow(done) {
      const { body } = await client.sendUntil([200], 'GET', `${core}/pods?${ours}`);
      for (const each of body.items) see('ADDED', each);
      const watch = client.watch(`${core}/pods?${ours}`, body.metadata.resourceVersion, done);
      for await (const { type, object } of watch) see(type, object);
    },
    get deleted() {
      return deleted;
    },
    violations,
    async problems() {
      const { body } = await client.sendUntil([200], 'GET', `${core}/pods?${ours}`);
      const found: V1Pod[] = body.items;
      const count = (holds: (pod: V1Pod) => unknown) => found.filter(holds).length;
      const counts = {
        'that run': [count(({ spec, status }) => spec?.nodeName && status?.phase === 'Running'), 2 * room],
        'that wait for room': [count(({ spec }) => !spec?.nodeName), wanted - 2 * room],
        'that are to go': [count(({ metadata }) => metadata?.deletionTimestamp), 0],
      };
      return Object.entries(counts).flatMap(([what, [is, must]]) =>
        is === must ? [] : [`${is} pods ${what}, not ${must}`],
      );
    },
  };
}

const replicaSet: V1ReplicaSet = {
  metadata: { name: 'room' },
  spec: {
    replicas: wanted,
    selector: { matchLabels: { room: 'full' } },
    template: {
      metadata: { labels: { room: 'full' } },
      spec: {
        nodeSelector: { size: 'small' },
        containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: podCpu } } }],
      },
    },
  },
};
