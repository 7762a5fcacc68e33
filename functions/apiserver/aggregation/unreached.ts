// Where no extension API server can be reached: an API server that runs as functions is outside of the pods' network. A request for what
// an APIService with a Service would answer is told so, and not that there is no such resource.

import { StatusError } from '../../../core/machinery/status.ts';
import { decodeObject } from '../../../core/store/encode-object.ts';
import type { Store } from '../../../core/store/store.ts';
import type { V1APIService } from '../../../generated/kubernetes.ts';
import type { RequestInfo } from '../request-info.ts';
import { apiServices } from './options.ts';

/** Throws ServiceUnavailable for a group version that another server should answer. To be asked about what is not served here. */
export async function refuseUnreached(store: Store, { group, version }: RequestInfo): Promise<void> {
  const name = `${version}.${group}`;
  // Asked rarely: a replica would be kept fresh for every request from then on.
  const item = await store.get(apiServices, name);
  const { service } = (item && (decodeObject(item.value) as V1APIService).spec) ?? {}; // what is stored as one is one
  if (!service) return;
  throw new StatusError(
    'ServiceUnavailable',
    `the APIService ${JSON.stringify(name)} leads to the Service "${service.namespace}/${service.name}", which this API server cannot reach: ` +
      'it runs as functions, outside of the network of pods. Define these resources by CustomResourceDefinitions, or delete the APIService',
    { name, group: 'apiregistration.k8s.io', kind: 'apiservices' },
  );
}
