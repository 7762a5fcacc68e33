// The Leases by which Kubernetes shows when a node was last heard. A beat must not cost a write to the log (D5), so a node's Lease is
// made once, and whoever reads it is shown the newest beat as its renewTime. Watches show what is stored.
// Source: Kubernetes documentation, "Leases", node heartbeats; KEP-589.

import type { KubeObject } from '../../../core/machinery/object.ts';
import type { Registry, Target } from '../../../core/registry/registry.ts';
import type { Entry } from '../../../core/replica/replica.ts';
import type { Heartbeats } from '../../../core/store/heartbeats.ts';
import type { V1Lease } from '../../../generated/kubernetes.ts';

const type = 'coordination.k8s.io/leases';
const namespace = 'kube-node-lease';

type Beats = ReadonlyMap<string, number>;

/** The registry, whose reads show the Leases of nodes as of their newest beats. All other reads cost nothing more. */
export function withNodeLeases(registry: Registry, heartbeats: Heartbeats): Registry {
  const get: Registry['get'] = async (context, target, options) => {
    const outcome = await registry.get(context, target, options);
    const object = renewed(outcome.object, await heartbeats.all());
    return object === outcome.object ? outcome : { object, bytes: encode(object) };
  };
  const list: Registry['list'] = async (context, target, options) => {
    const outcome = await registry.list(context, target, options);
    if (outcome.entries.length === 0) return outcome;
    const beats = await heartbeats.all();
    return { ...outcome, entries: outcome.entries.map((entry) => renewedEntry(entry, beats)) };
  };
  return {
    ...registry,
    get: (context, target, options) => (holdsNodeLeases(target) ? get : registry.get)(context, target, options),
    list: (context, target, options) => (holdsNodeLeases(target) ? list : registry.list)(context, target, options),
  };
}

/** A list of all namespaces holds them too. */
function holdsNodeLeases({ definition, namespace: asked }: Target): boolean {
  return definition.type === type && (asked === undefined || asked === namespace);
}

function renewedEntry(entry: Entry, beats: Beats): Entry {
  // as: entries hold what the registry stored: objects.
  const object = renewed(entry.object as KubeObject, beats);
  return object === entry.object ? entry : { ...entry, object, bytes: encode(object) };
}

/** The object itself where no newer beat is known. */
function renewed(object: KubeObject, beats: Beats): KubeObject {
  if (object.metadata.namespace !== namespace) return object;
  const beat = beats.get(object.metadata.name ?? '');
  // as: an object of this type.
  const { spec } = object as V1Lease;
  if (beat === undefined || beat <= Date.parse(String(spec?.renewTime ?? ''))) return object;
  // metav1.MicroTime.
  return { ...object, spec: { ...spec, renewTime: new Date(beat).toISOString().replace('Z', '000Z') } };
}

function encode(object: KubeObject): Uint8Array {
  return Buffer.from(JSON.stringify(object));
}
