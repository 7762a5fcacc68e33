// The type by which an administrator asks for clusters: `clusters` of `zeroplane.dev`, a custom resource of the cluster that hosts them. So who
// may make, see and delete them, is RBAC's to say, and the audit log's to tell.

import { fieldAt } from '../machinery/structure/field-at.ts';

export const clusterGroup = 'zeroplane.dev';
export const clusterType = `${clusterGroup}/clusters`;
export const clusterSubject = { group: clusterGroup, resource: 'clusters' };
/** Whoever may create this subresource of a cluster is its administrator. */
export const kubeconfigSubresource = 'kubeconfig';
/** On a Cluster until nothing of it is left. */
export const clusterFinalizer = 'zeroplane.dev/cluster';

/** A DNS label that is short enough to stand in paths of sockets and in names of contexts. */
const namePattern = /^[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?$/;

export function isClusterName(name: string): boolean {
  return namePattern.test(name);
}

/** A cluster that was asked for, as the store has it. */
export interface AskedCluster {
  readonly name: string;
  readonly uid: string;
  /** Unix milliseconds. */
  readonly expiresAt?: number;
  /** The cluster whose objects it begins with. */
  readonly from?: string;
  /** Being deleted. */
  readonly ending: boolean;
  readonly ready: boolean;
}

/** undefined: it is none that can be made (its definition may have been changed by whoever may do that). */
export function readAsked(object: unknown): AskedCluster | undefined {
  const name = fieldAt(object, ['metadata', 'name']);
  const uid = fieldAt(object, ['metadata', 'uid']);
  const ttlSeconds = fieldAt(object, ['spec', 'ttlSeconds']);
  const from = fieldAt(object, ['spec', 'from']);
  const conditions = fieldAt(object, ['status', 'conditions']);
  if (typeof name !== 'string' || !isClusterName(name)) return undefined;
  if (typeof uid !== 'string' || !/^[0-9a-f-]{36}$/.test(uid)) return undefined;
  const made = Date.parse(String(fieldAt(object, ['metadata', 'creationTimestamp'])));
  const expires = typeof ttlSeconds === 'number' && ttlSeconds > 0 && made > 0;
  return {
    name,
    uid,
    ...(expires && { expiresAt: made + ttlSeconds * 1000 }),
    ...(typeof from === 'string' && isClusterName(from) && { from }),
    ending: fieldAt(object, ['metadata', 'deletionTimestamp']) !== undefined,
    ready: Array.isArray(conditions) && conditions.some(isReady),
  };
}

function isReady(condition: unknown): boolean {
  return fieldAt(condition, ['type']) === 'Ready' && fieldAt(condition, ['status']) === 'True';
}
