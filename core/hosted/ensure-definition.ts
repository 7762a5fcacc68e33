// Serves Clusters: their definition as this program knows it, whatever an older one, or somebody, made of it.

import type { Definitions } from '../api/definition.ts';
import { createClient } from '../registry/client.ts';
import { customResourceType } from '../registry/custom-resources.ts';
import type { Registry } from '../registry/registry.ts';
import { clusterDefinition } from './cluster-definition.ts';

/** As whom hosts write Clusters. */
export const clustersUser = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

export async function ensureClusterDefinition(registry: Registry, definitions: Definitions): Promise<void> {
  const client = createClient(registry, definitions, clustersUser, 'zeroplane-clusters');
  await client.modify(customResourceType, '', clusterDefinition.metadata.name, {
    build: (found) => ({ ...found, spec: clusterDefinition.spec }),
    otherwise: () => clusterDefinition,
  });
}
