// What must hold after every commit of a simulated cluster, whoever wrote it, however stale what it rested on.

import { parseQuantity, quantityMilliValue } from '../../../core/machinery/quantity.ts';
import type { ObjectOf } from '../../../functions/controllers/controller.ts';
import { withinAutoscaler } from './autoscaling.ts';
import { controllerOf, isAvailable, isDone, isLive, type Ledger, type Step } from './ledger.ts';
import { capacity } from './nodes.ts';

/** Says what is wrong, or nothing. `counted` is called where there was something to check. */
export type Invariant = (ledger: Ledger, step: Step, counted: () => void) => string | undefined;

export const invariants: Readonly<Record<string, Invariant>> = {
  'room on the node': roomOnNode,
  'no replica too many': noReplicaTooMany,
  'at most maxSurge above': notAboveSurge,
  'at least minAvailable': notBelowAvailable,
  'an index once': indexOnce,
  'no completion twice': noCompletionTwice,
  'ordinals in order': ordinalsInOrder,
  'one daemon a node': oneDaemonPerNode,
  'one range a node': oneRangePerNode,
  'within its autoscaler': withinAutoscaler,
};

/** Notes what is not the controllers' doing; to be called before the invariants. */
export function noteDisruptions(ledger: Ledger, step: Step): void {
  if (step.type !== 'pods' || !step.before) return;
  const [before, after] = [asPod(step.before), asPod(step.object)];
  const owner = controllerOf(before);
  if (!owner) return;
  const lost = isAvailable(before) && !isAvailable(after) && (step.deleted || !after.metadata.deletionTimestamp);
  const evicted = after.status?.conditions?.some(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  );
  if (!lost && !evicted) return;
  ledger.disrupt(owner.uid, step.now);
  const above = controllerOf(ledger.get('apps/replicasets', before.metadata.namespace ?? '', owner.name) ?? {});
  if (above) ledger.disrupt(above.uid, step.now);
}

function roomOnNode(ledger: Ledger, { type, object, before, deleted }: Step, counted: () => void): string | undefined {
  const pod = asPod(object);
  const node = pod.spec?.nodeName;
  if (type !== 'pods' || deleted || !node || (before && asPod(before).spec?.nodeName)) return undefined;
  counted();
  const present = ledger.list('pods').filter((each) => each.spec?.nodeName === node && !isDone(each));
  const cpu = present
    .flatMap((each) => each.spec?.containers ?? [])
    .reduce((sum, each) => sum + milli(each.resources?.requests?.['cpu'] ?? '0'), 0);
  if (cpu > milli(capacity.cpu)) return `${node} has ${cpu}m of ${capacity.cpu} CPUs asked for`;
  if (present.length > Number(capacity.pods)) return `${node} has ${present.length} pods of ${capacity.pods}`;
  return undefined;
}

function noReplicaTooMany(ledger: Ledger, { type, object, created, now }: Step, counted: () => void) {
  const owner = type === 'pods' && created ? controllerOf(object) : undefined;
  if (owner?.kind !== 'ReplicaSet') return undefined;
  counted();
  const most = Math.max(
    0,
    ...ledger.recent('apps/replicasets', owner.uid, now).map((each) => each.spec?.replicas ?? 1),
  );
  const live = ledger.podsOf(owner.uid).filter(isLive).length;
  return live > most ? `ReplicaSet ${owner.name} has ${live} pods and wants ${most}` : undefined;
}

function notAboveSurge(ledger: Ledger, { type, object, before, now, deleted }: Step, counted: () => void) {
  const owner = type === 'apps/replicasets' && !deleted ? controllerOf(object) : undefined;
  if (owner?.kind !== 'Deployment') return undefined;
  if (replicasOf(object) <= (before ? replicasOf(before) : 0)) return undefined;
  counted();
  const sum = replicaSetsOf(ledger, owner.uid).reduce((total, each) => total + (each.spec?.replicas ?? 1), 0);
  const most = Math.max(0, ...ledger.recent('apps/deployments', owner.uid, now).map((each) => bounds(each).most));
  return sum > most ? `Deployment ${owner.name} wants ${sum} replicas and may have ${most}` : undefined;
}

function notBelowAvailable(ledger: Ledger, { type, object, before, now }: Step, counted: () => void) {
  if (type !== 'pods' || !before || before.metadata.deletionTimestamp || !isAvailable(asPod(before))) return undefined;
  if (!object.metadata.deletionTimestamp) return undefined;
  const owner = controllerOf(object);
  const set = owner && ledger.get('apps/replicasets', object.metadata.namespace ?? '', owner.name);
  const above = set?.metadata.uid === owner?.uid && set ? controllerOf(set) : undefined;
  const deployment = above && ledger.get('apps/deployments', object.metadata.namespace ?? '', above.name);
  if (!set || !deployment || deployment.metadata.uid !== above?.uid) return undefined;
  if (set.metadata.deletionTimestamp || deployment.metadata.deletionTimestamp) return undefined;
  if (ledger.wasDisrupted(above.uid, now)) return undefined;
  counted();
  const available = replicaSetsOf(ledger, above.uid)
    .flatMap((each) => ledger.podsOf(each.metadata.uid))
    .filter(isAvailable).length;
  const least = Math.min(...ledger.recent('apps/deployments', above.uid, now).map((each) => bounds(each).least));
  return available < least
    ? `Deployment ${above.name} has ${available} pods available of at least ${least}`
    : undefined;
}

function indexOnce(ledger: Ledger, { type, object, created }: Step, counted: () => void): string | undefined {
  const owner = type === 'pods' && created ? controllerOf(object) : undefined;
  const index = object.metadata.annotations?.['batch.kubernetes.io/job-completion-index'];
  if (owner?.kind !== 'Job' || index === undefined) return undefined;
  counted();
  const same = ledger
    .podsOf(owner.uid)
    .filter(isLive)
    .filter((pod) => pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] === index);
  if (same.length > 1) return `Job ${owner.name} runs index ${index} ${same.length} times`;
  const job = ledger.get('batch/jobs', object.metadata.namespace ?? '', owner.name);
  if (job?.metadata.uid === owner.uid && indexes(job.status?.completedIndexes).has(Number(index)))
    return `Job ${owner.name} runs index ${index} again, which is completed`;
  return undefined;
}

function noCompletionTwice(_: Ledger, { type, object, before, deleted }: Step, counted: () => void) {
  if (type !== 'batch/jobs' || deleted || !before) return undefined;
  // as: what is stored under batch/jobs is a Job.
  const [job, old] = [object, before] as unknown as [ObjectOf<'batch/jobs'>, ObjectOf<'batch/jobs'>];
  const [now, then] = [job.status?.succeeded ?? 0, old.status?.succeeded ?? 0];
  if (now === then) return undefined;
  counted();
  if (now < then) return `Job ${job.metadata.name} had ${then} completions and has ${now}`;
  const most = job.spec?.completions ?? 1;
  if (now > most) return `Job ${job.metadata.name} counts ${now} completions of ${most}`;
  if (job.spec?.completionMode === 'Indexed' && indexes(job.status?.completedIndexes).size !== now)
    return `Job ${job.metadata.name} counts ${now} completions and names ${job.status?.completedIndexes}`;
  return undefined;
}

function ordinalsInOrder(ledger: Ledger, { type, object, before, created, now }: Step, counted: () => void) {
  const owner = type === 'pods' ? controllerOf(object) : undefined;
  if (owner?.kind !== 'StatefulSet') return undefined;
  const set = ledger.get('apps/statefulsets', object.metadata.namespace ?? '', owner.name);
  if (!set || set.metadata.uid !== owner.uid || set.metadata.deletionTimestamp) return undefined;
  const ordinal = ordinalOf(object.metadata.name ?? '');
  const most = Math.max(...ledger.recent('apps/statefulsets', owner.uid, now).map((each) => each.spec?.replicas ?? 1));
  if (created && ordinal >= most) return `StatefulSet ${owner.name} has a pod ${ordinal} of ${most}`;
  if (set.spec?.podManagementPolicy === 'Parallel' || ledger.wasDisrupted(owner.uid, now)) return undefined;
  const pods = ledger.podsOf(owner.uid);
  if (created) {
    counted();
    for (let lower = 0; lower < ordinal; lower++) {
      const pod = pods.find((each) => ordinalOf(each.metadata.name) === lower);
      if (!pod || !isAvailable(pod)) return `StatefulSet ${owner.name} starts ${ordinal} before ${lower} is ready`;
    }
  } else if (object.metadata.deletionTimestamp && !before?.metadata.deletionTimestamp) {
    const least = Math.min(
      ...ledger.recent('apps/statefulsets', owner.uid, now).map((each) => each.spec?.replicas ?? 1),
    );
    if (ordinal < least) return undefined;
    counted();
    const higher = pods.find((each) => ordinalOf(each.metadata.name) > ordinal && !each.metadata.deletionTimestamp);
    if (higher && ordinalOf(higher.metadata.name) >= most)
      return `StatefulSet ${owner.name} ends ${ordinal} before ${higher.metadata.name}`;
  }
  return undefined;
}

function oneDaemonPerNode(ledger: Ledger, { type, object, created }: Step, counted: () => void) {
  const owner = type === 'pods' && created ? controllerOf(object) : undefined;
  if (owner?.kind !== 'DaemonSet') return undefined;
  const node = targetOf(asPod(object));
  counted();
  const same = ledger.podsOf(owner.uid).filter((each) => isLive(each) && targetOf(each) === node);
  return same.length > 1 ? `DaemonSet ${owner.name} has ${same.length} pods for ${node}` : undefined;
}

function oneRangePerNode(ledger: Ledger, { type, object, deleted }: Step, counted: () => void): string | undefined {
  // as: what is stored under nodes is a Node.
  const range = (object as unknown as ObjectOf<'nodes'>).spec?.podCIDR;
  if (type !== 'nodes' || deleted || !range) return undefined;
  counted();
  const same = ledger.list('nodes').filter((each) => each.spec?.podCIDR === range);
  return same.length > 1
    ? `${same.map((each) => each.metadata.name).join(' and ')} have the range ${range}`
    : undefined;
}

function targetOf(pod: ObjectOf<'pods'>): string | undefined {
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return pod.spec?.nodeName ?? required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];
}

function replicaSetsOf(ledger: Ledger, deployment: string): ObjectOf<'apps/replicasets'>[] {
  return ledger.list('apps/replicasets').filter((each) => controllerOf(each)?.uid === deployment);
}

/** How many replicas there may be at most, and must be available at least (apps/v1 RollingUpdateDeployment). */
function bounds({ spec }: ObjectOf<'apps/deployments'>): { most: number; least: number } {
  const replicas = spec?.replicas ?? 1;
  const of = (value: unknown, round: (x: number) => number) =>
    typeof value === 'string' ? round((Number.parseInt(value, 10) * replicas) / 100) : Number(value ?? 0);
  const surge = of(spec?.strategy?.rollingUpdate?.maxSurge, Math.ceil);
  const unavailable = of(spec?.strategy?.rollingUpdate?.maxUnavailable, Math.floor);
  return { most: replicas + surge, least: replicas - (surge === 0 && unavailable === 0 ? 1 : unavailable) };
}

function indexes(text = ''): Set<number> {
  const found = new Set<number>();
  for (const part of text.split(',').filter(Boolean)) {
    const [first = 0, last = first] = part.split('-').map(Number);
    for (let i = first; i <= last; i++) found.add(i);
  }
  return found;
}

function ordinalOf(pod: string): number {
  return Number(pod.slice(pod.lastIndexOf('-') + 1));
}

function milli(quantity: string | number): number {
  return quantityMilliValue(parseQuantity(quantity));
}

function replicasOf(object: object): number {
  // as: of workloads with replicas.
  return (object as { spec?: { replicas?: number } }).spec?.replicas ?? 1;
}

function asPod(object: object): ObjectOf<'pods'> {
  // as: only read as one where the type says so.
  return object as ObjectOf<'pods'>;
}
