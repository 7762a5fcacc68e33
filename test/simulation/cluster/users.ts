// Simulated users: create, change, scale, roll and delete workloads at random, and remember what was answered.

import type { KubeObject } from '../../../core/machinery/object.ts';
import { hasReason } from '../../../core/machinery/status.ts';
import type { TypeName } from '../../../core/store/store.ts';
import type { Api } from './control-plane.ts';
import type { Network } from './line.ts';

/** What the last answered write of a workload said. `unknown` while a write was sent and its end is not known. */
export interface Expectation {
  state: 'present' | 'deleted' | 'unknown';
  uid?: string;
  spec?: Readonly<Record<string, unknown>>;
}

export interface Users {
  readonly expectations: ReadonlyMap<string, Expectation>;
  /** By what was done. */
  readonly actions: Record<string, number>;
  stop(): void;
}

export const namespace = 'sim';
const context = { user: { username: 'user', groups: ['system:masters'] }, warnings: [] };

export function startUsers(network: Network, api: Api, many: number): Users {
  const { clock, random } = network;
  const expectations = new Map<string, Expectation>();
  const actions: Record<string, number> = {};
  let stopped = false;
  let images = 1;

  async function act(): Promise<void> {
    const [type, kind] = random.pick(kinds);
    const name = `${kind.toLowerCase()}-${random.below(type === 'batch/jobs' ? 6 : 3)}`;
    const key = `${type} ${namespace}/${name}`;
    const known = expectations.get(key);
    // Users take turns on an object: what two say at once is not what is simulated here.
    if (known?.state === 'unknown') return;
    const expectation: Expectation = known ?? { state: 'deleted' };
    expectations.set(key, expectation);
    const before = { ...expectation };
    expectation.state = 'unknown';
    try {
      if (before.state === 'deleted') await create(type, kind, name, expectation);
      else if (random.chance(type === 'batch/jobs' ? 0.5 : 0.12)) await remove(type, name, expectation);
      else await change(type, name, before, expectation);
    } catch (error) {
      // An object that is still on its way out cannot be made anew, nor be found once it is gone.
      if (hasReason(error, 'NotFound')) Object.assign(expectation, { state: 'deleted' });
      else if (hasReason(error, 'AlreadyExists', 'Conflict', 'TooManyRequests', 'Forbidden'))
        Object.assign(expectation, before);
      else if (hasReason(error, 'ServerTimeout')) await findOut(type, name, expectation);
      else throw error;
    }
  }

  function count(what: string): void {
    actions[what] = (actions[what] ?? 0) + 1;
  }

  async function create(type: TypeName, kind: string, name: string, expectation: Expectation): Promise<void> {
    const object = workload(kind, name, network, images);
    const outcome = await api.registry.create(context, api.target(type, namespace), object);
    count('created');
    Object.assign(expectation, presentAs(outcome.object));
  }

  async function remove(type: TypeName, name: string, expectation: Expectation): Promise<void> {
    const propagationPolicy = random.pick(['Background', 'Foreground'] as const);
    await api.registry.delete(context, api.target(type, namespace, name), { propagationPolicy });
    count('deleted');
    expectation.state = 'deleted';
  }

  async function change(type: TypeName, name: string, before: Expectation, expectation: Expectation): Promise<void> {
    if (type === 'batch/jobs') {
      Object.assign(expectation, before);
      return;
    }
    const roll = type === 'apps/daemonsets' || random.chance(0.5);
    const template = { spec: { containers: [{ name: 'app', image: `app:${++images}` }] } };
    const spec = roll ? { template } : { replicas: random.below(7) };
    const target = api.target(type, namespace, name);
    const outcome = await api.registry.patch(context, target, 'strategic', { metadata: { uid: before.uid }, spec });
    count(roll ? 'rolled' : 'scaled');
    Object.assign(
      expectation,
      outcome.object.metadata.deletionTimestamp ? { state: 'deleted' } : presentAs(outcome.object),
    );
  }

  /** Nobody answered: what is there now is what happened. */
  async function findOut(type: TypeName, name: string, expectation: Expectation): Promise<void> {
    for (;;) {
      try {
        await clock.sleep(5000);
        const { object } = await api.registry.get(context, api.target(type, namespace, name));
        Object.assign(expectation, object.metadata.deletionTimestamp ? { state: 'deleted' } : presentAs(object));
        return;
      } catch (error) {
        if (hasReason(error, 'NotFound')) {
          expectation.state = 'deleted';
          return;
        }
        if (!hasReason(error, 'TooManyRequests', 'ServerTimeout')) throw error;
      }
    }
  }

  async function live(): Promise<void> {
    while (!stopped) {
      await clock.sleep(random.between(2000, 30_000));
      if (!stopped) await act();
    }
  }

  for (let i = 0; i < many; i++) void live();
  return {
    expectations,
    actions,
    stop() {
      stopped = true;
    },
  };
}

function presentAs(object: KubeObject): Expectation {
  // as: workloads have specs.
  return { state: 'present', uid: object.metadata.uid ?? '', spec: object['spec'] as Record<string, unknown> };
}

const kinds = [
  ['apps/deployments', 'Deployment'],
  ['apps/deployments', 'Deployment'],
  ['apps/statefulsets', 'StatefulSet'],
  ['apps/replicasets', 'ReplicaSet'],
  ['batch/jobs', 'Job'],
  ['apps/daemonsets', 'DaemonSet'],
] as const;

function workload(kind: string, name: string, { random }: Network, image: number): KubeObject {
  const labels = { app: name };
  // What all of them ask for at their largest hardly ever is more than the nodes have: at rest everything runs.
  const resources = { requests: { cpu: `${random.between(1, 4) * 100}m`, memory: '64Mi' } };
  const containers = [{ name: 'app', image: `app:${image}`, resources }];
  const template = { metadata: { labels }, spec: { containers, terminationGracePeriodSeconds: 5 } };
  const metadata = { name, namespace, labels };
  const selector = { matchLabels: labels };
  const replicas = random.below(7);
  switch (kind) {
    case 'Job': {
      const completions = random.between(1, 6);
      const indexed = random.chance(0.6);
      const spec = {
        completions,
        parallelism: random.between(1, 4),
        completionMode: indexed ? 'Indexed' : 'NonIndexed',
        backoffLimit: 20,
        template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } },
      };
      return { apiVersion: 'batch/v1', kind, metadata, spec };
    }
    case 'StatefulSet': {
      const podManagementPolicy = random.chance(0.7) ? 'OrderedReady' : 'Parallel';
      const spec = { replicas, selector, template, serviceName: name, podManagementPolicy };
      return { apiVersion: 'apps/v1', kind, metadata, spec };
    }
    case 'Deployment': {
      const rollingUpdate = random.pick([
        { maxSurge: 1, maxUnavailable: 0 },
        { maxSurge: 0, maxUnavailable: 1 },
        { maxSurge: 2, maxUnavailable: 2 },
        { maxSurge: '25%', maxUnavailable: '25%' },
      ]);
      const strategy = { type: 'RollingUpdate', rollingUpdate };
      return { apiVersion: 'apps/v1', kind, metadata, spec: { replicas, selector, template, strategy } };
    }
    case 'DaemonSet':
      return { apiVersion: 'apps/v1', kind, metadata, spec: { selector, template } };
    default:
      return { apiVersion: 'apps/v1', kind, metadata, spec: { replicas, selector, template } };
  }
}
