// What must hold once faults have ended and nothing changes any more.

import type { KubeObject } from '../../../core/machinery/object.ts';
import type { TypeName } from '../../../core/store/store.ts';
import type { ObjectOf } from '../../../functions/controllers/controller.ts';
import { isAvailable, isLive, type Ledger } from './ledger.ts';
import type { Expectation } from './users.ts';

const owned = [
  'pods',
  'apps/replicasets',
  'apps/controllerrevisions',
  'batch/jobs',
  'discovery.k8s.io/endpointslices',
] as const;
const owners: Readonly<Record<string, TypeName>> = {
  ReplicaSet: 'apps/replicasets',
  Deployment: 'apps/deployments',
  StatefulSet: 'apps/statefulsets',
  DaemonSet: 'apps/daemonsets',
  Job: 'batch/jobs',
  Service: 'services',
};

export function violationsAtRest(
  ledger: Ledger,
  expectations: ReadonlyMap<string, Expectation>,
  nodes: number,
): string[] {
  return [...orphans(ledger), ...answeredWrites(ledger, expectations), ...unfinished(ledger, nodes)];
}

function orphans(ledger: Ledger): string[] {
  return owned.flatMap((type) =>
    ledger.list(type).flatMap(({ metadata }) =>
      (metadata.ownerReferences ?? []).flatMap(({ kind, name, uid }) => {
        const owner = ledger.get(owners[kind] ?? kind, metadata.namespace ?? '', name);
        return owner?.metadata.uid === uid ? [] : [`${type} ${metadata.name} outlived its ${kind} ${name}`];
      }),
    ),
  );
}

/** Whatever a user was told is so: what was made and changed is there as it was left, what was deleted is gone. */
function answeredWrites(ledger: Ledger, expectations: ReadonlyMap<string, Expectation>): string[] {
  return [...expectations].flatMap(([key, { state, uid, spec }]) => {
    const [type = '', path = ''] = key.split(' ');
    const [namespace = '', name = ''] = path.split('/');
    const found: KubeObject | undefined = ledger.get(type, namespace, name);
    if (state === 'unknown') return [`a write to ${key} was never answered`];
    if (state === 'deleted') return found ? [`${key} was deleted and is there`] : [];
    if (!found) return [`${key} was made and is gone`];
    if (found.metadata.uid !== uid) return [`${key} is another one than was made`];
    return JSON.stringify(found['spec']) === JSON.stringify(spec) ? [] : [`${key} is not as it was left`];
  });
}

function unfinished(ledger: Ledger, nodes: number): string[] {
  const problems: string[] = [];
  const expect = (what: string, found: unknown, wanted: unknown) => {
    if (found !== wanted) problems.push(`${what} is ${found}, not ${wanted}`);
  };
  for (const { metadata, spec, status } of ledger.list('apps/deployments')) {
    expect(`Deployment ${metadata.name}: availableReplicas`, status?.availableReplicas ?? 0, spec?.replicas);
    expect(`Deployment ${metadata.name}: updatedReplicas`, status?.updatedReplicas ?? 0, spec?.replicas);
    expect(`Deployment ${metadata.name}: replicas`, status?.replicas ?? 0, spec?.replicas);
    expect(`Deployment ${metadata.name}: observedGeneration`, status?.observedGeneration, metadata.generation);
  }
  for (const { metadata, spec, status } of ledger.list('apps/replicasets')) {
    expect(`ReplicaSet ${metadata.name}: availableReplicas`, status?.availableReplicas ?? 0, spec?.replicas);
    expect(`ReplicaSet ${metadata.name}: pods`, availablePods(ledger, metadata.uid), spec?.replicas);
  }
  for (const { metadata, spec, status } of ledger.list('apps/statefulsets')) {
    expect(`StatefulSet ${metadata.name}: readyReplicas`, status?.readyReplicas ?? 0, spec?.replicas);
    expect(`StatefulSet ${metadata.name}: pods`, availablePods(ledger, metadata.uid), spec?.replicas);
    expect(`StatefulSet ${metadata.name}: revision`, status?.currentRevision, status?.updateRevision);
  }
  for (const { metadata, status } of ledger.list('apps/daemonsets')) {
    expect(`DaemonSet ${metadata.name}: numberReady`, status?.numberReady, nodes);
    expect(`DaemonSet ${metadata.name}: updatedNumberScheduled`, status?.updatedNumberScheduled, nodes);
    expect(`DaemonSet ${metadata.name}: pods`, availablePods(ledger, metadata.uid), nodes);
  }
  for (const job of ledger.list('batch/jobs')) problems.push(...unfinishedJob(job));
  for (const pod of ledger.list('pods'))
    if (pod.metadata.deletionTimestamp || (isLive(pod) && !isAvailable(pod)))
      problems.push(`pod ${pod.metadata.name} is ${pod.status?.phase} on ${pod.spec?.nodeName}`);
  return problems;
}

function unfinishedJob({ metadata, spec, status }: ObjectOf<'batch/jobs'>): string[] {
  const ended = status?.conditions?.find(({ type, status: is }) => is === 'True' && /^(Complete|Failed)$/.test(type));
  if (!ended) return [`Job ${metadata.name} has not ended`];
  if (ended.type === 'Complete' && status?.succeeded !== spec?.completions)
    return [`Job ${metadata.name} is complete with ${status?.succeeded} of ${spec?.completions}`];
  return [];
}

function availablePods(ledger: Ledger, uid: string): number {
  return ledger.podsOf(uid).filter(isAvailable).length;
}
