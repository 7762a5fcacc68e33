// Why a node will not do, in the words that `kubectl describe` shows, and what could change it.

export interface Reason {
  readonly text: string;
  /** Whether it may go away when pods of lower priority do. */
  readonly preemptable: boolean;
  /** What has to change first: what a pod that waits is woken by. */
  readonly kind: 'node' | 'room' | 'pods' | 'volumes' | 'group';
}

/** At least one. Lists with the same reasons are the same object. */
export type Reasons = readonly Reason[];

export const reasons = {
  unschedulable: reason('node(s) were unschedulable', 'node', false),
  taint: reason('node(s) had untolerated taint(s)', 'node', false),
  nodeAffinity: reason("node(s) didn't match Pod's node affinity/selector", 'node', false),
  ports: reason("node(s) didn't have free ports for the requested pod ports", 'room', true),
  tooManyPods: reason('Too many pods', 'room', true),
  oncePodVolume: reason(
    'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
    'volumes',
    true,
  ),
  volumeLimit: reason('node(s) exceed max volume count', 'volumes', true),
  volumeAffinity: reason("node(s) didn't match PersistentVolume's node affinity", 'volumes', false),
  volumeMissing: reason('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)', 'volumes', false),
  noVolume: reason("node(s) didn't find available persistent volumes to bind", 'volumes', false),
  volumeZone: reason('node(s) had no available volume zone', 'volumes', false),
  spread: reason("node(s) didn't match pod topology spread constraints", 'pods', true),
  spreadLabel: reason("node(s) didn't match pod topology spread constraints (missing required label)", 'pods', false),
  affinity: reason("node(s) didn't match pod affinity rules", 'pods', false),
  antiAffinity: reason("node(s) didn't match pod anti-affinity rules", 'pods', true),
  repelled: reason("node(s) didn't satisfy existing pods anti-affinity rules", 'pods', true),
} as const;

const insufficiencies = new Map<string, Reasons[number]>();
const lists = new Map<string, Reasons>();

/** `possible`: the node is large enough, it is only full. */
export function insufficient(resource: string, possible: boolean): Reason {
  const key = `${possible ? '+' : '-'}${resource}`;
  let found = insufficiencies.get(key);
  if (!found) {
    found = reason(`Insufficient ${resource}`, 'room', possible);
    insufficiencies.set(key, found);
  }
  return found;
}

export function listOf(...parts: readonly Reason[]): Reasons {
  const key = parts.map((each) => `${each.preemptable ? '+' : '-'}${each.text}`).join('\n');
  let found = lists.get(key);
  if (!found) {
    found = parts;
    lists.set(key, found);
  }
  return found;
}

function reason(text: string, kind: Reason['kind'], preemptable: boolean): Reason {
  return { text, kind, preemptable };
}
