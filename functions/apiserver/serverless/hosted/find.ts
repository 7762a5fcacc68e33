// A hosted cluster as its host's table has it now: one read, which every request makes. So who deletes a cluster shuts its door.

import type { FunctionSettings } from '../../../../core/cluster/settings.ts';
import {
  type AskedCluster,
  clusterSubject,
  clusterType,
  isClusterName,
  readAsked,
} from '../../../../core/hosted/cluster-type.ts';
import { clustersPath } from '../../../../core/hosted/hosted-path.ts';
import { notFound, StatusError } from '../../../../core/machinery/status.ts';
import { decodeObject } from '../../../../core/store/encode-object.ts';
import type { Store } from '../../../../core/store/store.ts';

/** Throws NotFound, also of one whose time is over; ServiceUnavailable of one that is not made yet. */
export async function findHosted(host: Pick<Store, 'get'>, name: string, now: Date): Promise<AskedCluster> {
  if (!isClusterName(name)) throw notFound(clusterSubject, name);
  const item = await host.get(clusterType, name);
  const asked = item && readAsked(decodeObject(item.value));
  if (!asked || asked.name !== name || asked.ending) throw notFound(clusterSubject, name);
  if (asked.expiresAt !== undefined && asked.expiresAt <= now.getTime()) throw notFound(clusterSubject, name);
  if (!asked.ready)
    throw new StatusError('ServiceUnavailable', `cluster ${JSON.stringify(name)} is not ready yet: try again`, {
      retryAfterSeconds: 1,
    });
  return asked;
}

/** Of its tokens. */
export function issuerOf({ issuer }: Pick<FunctionSettings, 'issuer'>, name: string): string {
  return `${issuer}${clustersPath}${name}`;
}
