// Deployments whose users scale them, change their templates, delete and make them again, and know in the end what they asked for.

import { setTimeout as delay } from 'node:timers/promises';
import type { V1Deployment, V1ObjectMeta, V1Pod, V1ReplicaSet } from '../../../generated/kubernetes.ts';
import { Random } from '../../simulation/random.ts';
import type { ApiClient } from '../api-client.ts';

export interface Deployments {
  /** Asks for one thing after the other until the signal; what was asked for last was answered then. */
  run(over: AbortSignal): Promise<void>;
  readonly asked: number;
  /** What is not as it was asked for. */
  problems(): Promise<string[]>;
}

interface Asked {
  readonly replicas: number;
  readonly version: string;
}

const names = ['web-0', 'web-1', 'web-2'];
const apps = '/apis/apps/v1/namespaces/default';
const core = '/api/v1/namespaces/default';
const most = 6;
const longestPauseMs = 1200;

export function deploymentsIn(client: ApiClient, seed: number): Deployments {
  const wanted = new Map<string, Asked>();
  let asked = 0;

  async function use(name: string, random: Random, over: AbortSignal): Promise<void> {
    const make = async () => {
      const first = { replicas: random.between(1, most), version: '0' };
      await client.sendUntil([201, 409], 'POST', `${apps}/deployments`, deployment(name, first));
      wanted.set(name, first);
    };
    await make();
    while (!over.aborted) {
      await delay(random.below(longestPauseMs));
      asked++;
      const before = wanted.get(name) ?? { replicas: 0, version: '0' };
      if (random.chance(0.1)) {
        await client.sendUntil([200, 404], 'DELETE', `${apps}/deployments/${name}`, {
          propagationPolicy: 'Background',
        });
        await make();
      } else if (random.chance(0.2)) {
        const next = { ...before, version: String(Number(before.version) + 1) };
        const patch = { spec: { template: { metadata: { annotations: { version: next.version } } } } };
        await client.sendUntil([200], 'PATCH', `${apps}/deployments/${name}`, patch);
        wanted.set(name, next);
      } else {
        const next = { ...before, replicas: random.below(most + 1) };
        const patch = { spec: { replicas: next.replicas } };
        await client.sendUntil([200], 'PATCH', `${apps}/deployments/${name}`, patch);
        wanted.set(name, next);
      }
    }
  }

  return {
    async run(over) {
      await Promise.all(names.map((name, i) => use(name, new Random(seed * 41 + i), over)));
    },
    get asked() {
      return asked;
    },
    async problems() {
      const list = async <T>(path: string): Promise<T[]> => (await client.sendUntil([200], 'GET', path)).body.items;
      const deployments = await list<V1Deployment>(`${apps}/deployments`);
      const sets = await list<V1ReplicaSet>(`${apps}/replicasets`);
      const pods = await list<V1Pod>(`${core}/pods?labelSelector=app`);
      return [
        ...[...wanted].flatMap(([name, { replicas, version }]) => {
          const found = deployments.find(({ metadata }) => metadata?.name === name);
          if (!found) return [`${name} is gone`];
          const ours = sets.filter((each) => isOwnedBy(each, found));
          const newest = ours.filter(({ spec }) => spec?.template?.metadata?.annotations?.['version'] === version);
          const running = pods.filter((pod) => newest.some((set) => isOwnedBy(pod, set)) && isAtWork(pod));
          return differences(name, replicas, {
            'spec.replicas': found.spec?.replicas,
            'status.replicas': found.status?.replicas ?? 0,
            'status.updatedReplicas': found.status?.updatedReplicas ?? 0,
            'status.availableReplicas': found.status?.availableReplicas ?? 0,
            'replicas of its newest ReplicaSet': newest.map(({ spec }) => spec?.replicas).join(),
            'replicas of all its ReplicaSets': ours.reduce((sum, { spec }) => sum + (spec?.replicas ?? 0), 0),
            'pods that run': running.length,
            'pods of its label': pods.filter(({ metadata }) => metadata?.labels?.['app'] === name).length,
          });
        }),
        ...deployments.flatMap(({ metadata, status }) =>
          status?.observedGeneration === metadata?.generation ? [] : [`${metadata?.name} is not observed`],
        ),
        ...orphans(sets.filter(isOurs), deployments),
        ...orphans(pods, sets),
      ];
    },
  };
}

function differences(name: string, wanted: number, found: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(found).flatMap(([what, value]) =>
    String(value) === String(wanted) ? [] : [`${name}: ${what}: ${value}, not ${wanted}`],
  );
}

interface HasMetadata {
  readonly metadata?: V1ObjectMeta;
}

function isOwnedBy({ metadata }: HasMetadata, owner: HasMetadata): boolean {
  return metadata?.ownerReferences?.some(({ uid }) => uid === owner.metadata?.uid) ?? false;
}

function orphans(objects: readonly HasMetadata[], owners: readonly HasMetadata[]): string[] {
  return objects
    .filter((each) => !owners.some((owner) => isOwnedBy(each, owner)))
    .map(({ metadata }) => `${metadata?.name} has no owner any more`);
}

function isOurs({ metadata }: HasMetadata): boolean {
  return metadata?.labels?.['app'] !== undefined;
}

function isAtWork({ metadata, status }: V1Pod): boolean {
  return status?.phase === 'Running' && !metadata?.deletionTimestamp;
}

function deployment(name: string, { replicas, version }: Asked): V1Deployment {
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: { version } },
        spec: { nodeSelector: { size: 'big' }, containers: [{ name: 'c', image: 'x' }] },
      },
    },
  };
}
