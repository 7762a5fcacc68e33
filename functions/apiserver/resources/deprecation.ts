// The types of Kubernetes 1.36 that are served and deprecated, and versions of custom resources that say so of themselves: whoever uses one gets a warning (KEP-1693).

import type { ResourceDefinition } from '../../../core/api/definition.ts';
import { getOwn } from '../../../core/machinery/own.ts';

const deprecated: Readonly<Record<string, string>> = {
  componentstatuses: 'v1 ComponentStatus is deprecated in v1.19+',
  endpoints: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
};

/** The warning that answers about this type carry; undefined for most. */
export function deprecationOf({ group, resource, deprecationWarning }: ResourceDefinition): string | undefined {
  return group === '' ? getOwn(deprecated, resource) : deprecationWarning;
}
