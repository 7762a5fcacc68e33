// From where a node's requests come: by it other nodes know which network it stands in, and whether it is behind NAT. The node cannot set it.

import type { KubeObject } from '../../../core/machinery/object.ts';
import { hasReason } from '../../../core/machinery/status.ts';
import { seenFrom } from '../../../core/node/pod-network.ts';
import type { RequestContext } from '../../../core/registry/registry.ts';
import { builtIn, type ReportParts } from './report-parts.ts';

const self: RequestContext = { user: { username: 'system:apiserver', groups: ['system:masters'] }, warnings: [] };

/** `address`: of the connection, never one of a header. */
export async function noteSeenFrom(
  { registry, definitions }: ReportParts,
  node: KubeObject,
  address: string | undefined,
): Promise<void> {
  const seen = address?.replace(/^::ffff:/, '');
  // From the control plane's own machine it is seen from nowhere.
  if (seen === undefined || /^127\.|^::1$/.test(seen) || node.metadata.annotations?.[seenFrom] === seen) return;
  const target = { definition: builtIn(definitions, 'nodes'), name: node.metadata.name ?? '' };
  await registry
    .patch(self, target, 'merge', { metadata: { annotations: { [seenFrom]: seen } } }, { fieldManager: 'apiserver' })
    .catch((error: unknown) => {
      // Deleted meanwhile.
      if (!hasReason(error, 'NotFound')) throw error;
    });
}
