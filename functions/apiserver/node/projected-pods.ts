// Of every pod in the cluster what NetworkPolicies may ask about it, and nothing else: a tenth of it. For functions that would have no room for
// all pods; opened where policies name pods.

import { ownContainers } from '../../../core/kinds/core/pod/semantics/containers.ts';
import { parseJson } from '../../../core/machinery/json.ts';
import { createReplicas } from '../../../core/replica/replicas.ts';
import type { Store } from '../../../core/store/store.ts';
import type { V1Pod } from '../../../generated/kubernetes.ts';

/** Changes that are kept for cursors: who is further behind gets everything. */
const windowEvents = 2000;

export function projectedReplicas(store: Store) {
  return createReplicas(store, { windowEvents, coldEvents: 0, project: (bytes) => projected(bytes) });
}

function projected(bytes: Uint8Array): Uint8Array {
  // as: nothing but pods is opened there.
  const {
    metadata: { namespace = '', name = '', labels } = {},
    spec,
    status,
  } = parseJson(Buffer.from(bytes).toString()) as V1Pod;
  const part: V1Pod = {
    metadata: { namespace, name, ...(labels && { labels }) },
    spec: {
      containers: ownContainers(spec).map(({ name, ports }) => ({ name, ...(ports && { ports }) })),
      ...(spec?.nodeName !== undefined && { nodeName: spec.nodeName }),
      ...(spec?.hostNetwork !== undefined && { hostNetwork: spec.hostNetwork }),
    },
    status: {
      ...(status?.phase !== undefined && { phase: status.phase }),
      ...(status?.podIP !== undefined && { podIP: status.podIP }),
      ...(status?.podIPs && { podIPs: status.podIPs }),
    },
  };
  return Buffer.from(JSON.stringify(part));
}
