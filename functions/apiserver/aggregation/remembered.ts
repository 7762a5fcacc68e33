// What looks at extension API servers found, kept where the processes that look and those that answer are different ones, or do not last.
// Whether a server is available says its APIService; the rest lies in the store beside it.

import { createHash } from 'node:crypto';
import type { ExtensionResource } from '../../../core/api/extensions.ts';
import { EndpointError, type ServiceLookups, serviceEndpoints } from '../../../core/registry/service-endpoint.ts';
import { ownType } from '../../../core/store/own-types.ts';
import type { Store } from '../../../core/store/store.ts';
import type { V1APIService } from '../../../generated/kubernetes.ts';
import type { Availability, ExtensionServer, Looked } from './extension-server.ts';

export interface Remembered extends Pick<Looked, 'resources' | 'openApiUrl'> {
  /** Of the APIService, its Service and endpoints, as they were looked at. */
  readonly of: string;
}

/** By the names of APIServices. */
export const rememberedType = ownType('extension-servers');

export async function remember(store: Store, of: string, { name, resources, openApiUrl }: ExtensionServer) {
  const kept: Remembered = { of, resources: resources.map(plain), openApiUrl };
  const value = { bytes: Buffer.from(JSON.stringify(kept)) };
  await store.commit([{ op: 'put', type: rememberedType, name, expect: 'any', value }]);
}

export async function forgetRemembered(store: Store, name: string): Promise<void> {
  await store.commit([{ op: 'delete', type: rememberedType, name, expect: 'any' }]);
}

/** Differs when there is a reason to look again. */
export async function lookedAt(
  lookups: Omit<ServiceLookups, 'random'>,
  { metadata, spec }: V1APIService,
): Promise<string> {
  const { namespace = '', name = '', port = 443 } = spec?.service ?? {};
  const endpoints = await serviceEndpoints(lookups, namespace, name, port).then(
    (found) => found.map((each) => JSON.stringify(each)).sort(),
    (error: unknown) => {
      if (error instanceof EndpointError) return [error.message];
      throw error;
    },
  );
  return createHash('sha256')
    .update(JSON.stringify([metadata?.uid, spec, endpoints]))
    .digest('base64');
}

/** The condition `Available`. */
export function availabilityOf({ status }: V1APIService): Availability | undefined {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  if (!condition) return undefined;
  const { reason = '', message = '' } = condition;
  return { status: condition.status === 'True' ? 'True' : 'False', reason, message };
}

/** What discovery needs of a resource, and nothing else that its server said. */
function plain({
  name,
  singularName,
  namespaced,
  group,
  version,
  kind,
  verbs,
  shortNames,
  categories,
}: ExtensionResource) {
  return { name, singularName, namespaced, group, version, kind, verbs, shortNames, categories };
}
