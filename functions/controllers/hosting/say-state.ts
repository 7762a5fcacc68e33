// The status of a Cluster, as its owner reads it.

import { clusterType } from '../../../core/hosted/cluster-type.ts';
import { clustersPath } from '../../../core/hosted/hosted-path.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { formatTime } from '../../../core/machinery/time.ts';
import type { Client } from '../../../core/registry/client.ts';
import type { Amount } from '../../../core/store/bounded-store.ts';

export interface State {
  readonly ready: boolean;
  readonly why?: string;
  readonly amount?: Amount;
}

interface Status {
  readonly storedBytes?: number;
  readonly storedObjects?: number;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
}

export async function sayState(
  client: Client,
  { name, uid, expiresAt }: { readonly name: string; readonly uid: string; readonly expiresAt?: number | undefined },
  { ready, why = '', amount }: State,
): Promise<void> {
  const condition = {
    type: 'Ready',
    status: ready ? 'True' : 'False',
    reason: ready ? 'Served' : 'NotMade',
    message: why,
  };
  await client.modify<KubeObject>(clusterType, '', name, {
    subresource: 'status',
    build(found) {
      if (found.metadata.uid !== uid || found.metadata.deletionTimestamp) return undefined;
      const before = statusOf(found);
      const [was] = before.conditions ?? [];
      const same = was?.status === condition.status && was.message === condition.message;
      return {
        ...found,
        status: {
          ...before,
          path: `${clustersPath}${name}`,
          ...(amount && { storedBytes: Math.max(0, amount.bytes), storedObjects: Math.max(0, amount.objects) }),
          ...(expiresAt !== undefined && { expirationTimestamp: formatTime(expiresAt) }),
          conditions: same ? before.conditions : [{ ...condition, lastTransitionTime: formatTime(Date.now()) }],
        },
      };
    },
  });
}

/** Whether a reader would learn something: each writing of it is paid for, and told to all who watch. */
export function tellsMore(object: unknown, { bytes, objects }: Amount): boolean {
  const { storedBytes = 0, storedObjects = 0 } = statusOf(object);
  return (
    Math.abs(bytes - storedBytes) > 65_536 + storedBytes / 10 ||
    Math.abs(objects - storedObjects) > 20 + storedObjects / 10
  );
}

function statusOf(object: unknown): Status {
  // as: only this writes it, and only into what the definition's schema knows.
  return ((object as { status?: Status }).status ?? {}) as Status;
}
