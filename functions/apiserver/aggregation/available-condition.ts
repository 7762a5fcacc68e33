// The condition `Available` of an APIService, written by whoever found out.

import type { UserInfo } from '../../../core/authorization/user-info.ts';
import type { Client } from '../../../core/registry/client.ts';
import type { Replica } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { V1APIService } from '../../../generated/kubernetes.ts';
import type { Availability } from './extension-server.ts';
import { apiServices } from './options.ts';

export const apiServerUser: UserInfo = { username: 'system:apiserver', groups: ['system:masters'] };

export interface LookedAt {
  /** Of the APIService, and which one of that name it was. */
  readonly name: string;
  readonly uid: string | undefined;
  readonly availability: Availability;
}

/** Writes only what is new, to the APIService that was looked at. */
export async function writeCondition(
  client: Client,
  replica: Replica<Stored<'apiregistration.k8s.io/apiservices'>>,
  { name, uid, availability }: LookedAt,
  time: string,
): Promise<void> {
  await replica.catchUp();
  if (!replica.get(name)) return;
  await client.modify<V1APIService & { metadata: object }>(apiServices, '', name, {
    subresource: 'status',
    build(object) {
      if (object.metadata.uid !== uid) return undefined;
      const others = (object.status?.conditions ?? []).filter(({ type }) => type !== 'Available');
      const before = object.status?.conditions?.find(({ type }) => type === 'Available');
      const { status, reason, message } = availability;
      if (before?.status === status && before.reason === reason && before.message === message) return undefined;
      const since = before?.status === status ? before.lastTransitionTime : undefined;
      const conditions = [...others, { type: 'Available', ...availability, lastTransitionTime: since ?? time }];
      return { ...object, status: { ...object.status, conditions } };
    },
  });
}
