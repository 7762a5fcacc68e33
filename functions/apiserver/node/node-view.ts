// What a node sees of an object: all of what its pods name, of others no more than it needs for Services, policies and routes.
// kube-proxy reads the same of Services and EndpointSlices; Kubernetes shows nodes nothing of each other; here they route by addresses.

import type { KubeObject } from '../../../core/machinery/object.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import { hubLabel, seenFrom, wireGuardKey } from '../../../core/node/pod-network.ts';
import type { NodeResource } from '../../../core/node/protocol.ts';
import type { Entry } from '../../../core/replica/replica.ts';
import type { V1NodeCondition } from '../../../generated/kubernetes.ts';

/** The JSON of it: what is stored, as it is, or the part that `node` sees. */
export function nodeView(resource: NodeResource, entry: Entry, node: string): Uint8Array {
  const project = resource === 'nodes' && entry.name === node ? undefined : projections[resource];
  if (!project) return entry.bytes;
  // All nodes see the same part of an object.
  let part = parts.get(entry);
  if (!part) {
    // as: the registry stores nothing but objects with metadata.
    part = Buffer.from(JSON.stringify(project(entry.object as KubeObject)));
    parts.set(entry, part);
  }
  return part;
}

const parts = new WeakMap<Entry, Uint8Array>();

const projections: Partial<Record<NodeResource, (object: KubeObject) => KubeObject>> = {
  services: ({ metadata, ...rest }) => ({ ...rest, metadata: named(metadata) }),
  'discovery.k8s.io/endpointslices': ({ metadata, ...rest }) => ({ ...rest, metadata: named(metadata) }),
  'networking.k8s.io/networkpolicies': ({ metadata, ...rest }) => ({ ...rest, metadata: named(metadata) }),
  namespaces: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata: named(metadata) }),
  nodes({ apiVersion, kind, metadata, spec, status }) {
    // as: what a Node has of these.
    const { podCIDR, podCIDRs } = (spec ?? {}) as { podCIDR?: unknown; podCIDRs?: unknown };
    const { addresses, conditions } = (status ?? {}) as { addresses?: unknown; conditions?: V1NodeCondition[] };
    const ready = conditions?.find(({ type }) => type === 'Ready')?.status;
    const provider = (spec as { providerID?: string } | undefined)?.providerID?.split('://')[0];
    const [annotations, labels] = [only(metadata.annotations, wireGuardKey, seenFrom), only(metadata.labels, hubLabel)];
    return {
      apiVersion,
      kind,
      metadata: { ...named(metadata, false), ...(annotations && { annotations }), ...(labels && { labels }) },
      spec: {
        ...(podCIDR !== undefined && { podCIDR }),
        ...(podCIDRs !== undefined && { podCIDRs }),
        ...(provider !== undefined && { providerID: `${provider}://` }),
      },
      status: {
        ...(addresses !== undefined && { addresses }),
        ...(ready !== undefined && { conditions: [{ type: 'Ready', status: ready }] }),
      },
    };
  },
};

/** Those that nodes find their ways to each other's pods by. */
function only(given: Readonly<Record<string, string>> | undefined, ...keys: readonly string[]) {
  const kept = keys.flatMap((key) => {
    const value = getOwn(given ?? {}, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function named({ name, namespace, uid, resourceVersion, labels }: KubeObject['metadata'], labelled = true) {
  return {
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(labelled && labels && { labels }),
  };
}
