// `cluster create --from`: a new store with the objects of another one, as they were at one moment. What belongs to the other cluster
// itself stays behind: its nodes and what runs there, who may join it, what its keys have signed, and what its parts say of themselves.

import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nodePortsType } from '../../../core/kinds/allocate/node-port.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { openEmbeddedStore } from '../../../core/store/embedded/embedded-store.ts';
import { decodeObject, encodeObject } from '../../../core/store/encode-object.ts';
import { encryptedStore } from '../../../core/store/encrypted/encrypted-store.ts';
import { isOwnType } from '../../../core/store/own-types.ts';
import { type Put, StoreError, type TypeName, type Value } from '../../../core/store/store.ts';
import { openEncryption } from '../../live-encryption.ts';

/** All of a type. */
const leftBehind: ReadonlySet<TypeName> = new Set([
  'nodes',
  'pods',
  'events',
  'events.k8s.io/events',
  'coordination.k8s.io/leases',
  'coordination.k8s.io/leasecandidates',
  'certificates.k8s.io/certificatesigningrequests',
  // What lies on disks and devices of the other's nodes.
  'persistentvolumes',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/csistoragecapacities',
  'storage.k8s.io/volumeattachments',
  'resource.k8s.io/resourceslices',
  'resource.k8s.io/resourceclaims',
  // Made of pods, by controllers, and made again.
  'discovery.k8s.io/endpointslices',
  'endpoints',
]);

const secretsOfTheOther: ReadonlySet<unknown> = new Set([
  'kubernetes.io/service-account-token',
  'bootstrap.kubernetes.io/token',
]);

/** Written by each cluster's own parts. */
const ownConfigMaps: ReadonlySet<string> = new Set(['kube-root-ca.crt', 'extension-apiserver-authentication']);

/** An object as the copy has it; undefined: it stays behind. */
export function copied(type: TypeName, object: KubeObject): KubeObject | undefined {
  const { metadata } = object;
  // It is about to go.
  if (metadata.deletionTimestamp) return undefined;
  if (leftBehind.has(type)) return undefined;
  if (type === 'secrets' && secretsOfTheOther.has(object['type'])) return undefined;
  if (type === 'configmaps' && ownConfigMaps.has(metadata.name ?? '')) return undefined;
  if (type === 'persistentvolumeclaims') return unboundClaim(object);
  return object;
}

/** Its volume is on a disk of the other cluster: it waits for one of its own. */
function unboundClaim(object: KubeObject): KubeObject {
  const { status: _, ...claim } = object;
  // as: a claim's spec; and annotations are texts by name.
  const { volumeName: _volume, ...spec } = (claim['spec'] ?? {}) as Record<string, unknown>;
  const annotations = Object.entries(claim.metadata.annotations ?? {}).filter(
    ([name]) => !/^(?:pv|volume)(?:\.beta)?\.kubernetes\.io\//.test(name),
  );
  return {
    ...claim,
    metadata: { ...claim.metadata, annotations: Object.fromEntries(annotations) },
    spec,
    status: { phase: 'Pending' },
  };
}

function encoded(object: KubeObject | undefined): Value | undefined {
  return object && encodeObject(object);
}

const page = 200;

/** `from`: a folder with the other's `state.db` and the keys that open it in `pki`. The new store appears in `dataDir` once it is whole. */
export async function copyObjects(from: string, dataDir: string): Promise<void> {
  const partial = join(dataDir, 'partial');
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  const source = openEmbeddedStore(join(from, 'state.db'), { tickMs: 0 });
  const target = openEmbeddedStore(join(partial, 'state.db'), { tickMs: 0 });
  try {
    const reading = encryptedStore(source, await openEncryption(from, undefined));
    const writing = encryptedStore(target, await openEncryption(dataDir, undefined));
    for (const type of await reading.types()) {
      // Ports go with their Services; claims of the other's controllers are theirs.
      if (isOwnType(type) && type !== nodePortsType) continue;
      for (let after: string | undefined; ; ) {
        const { items, more } = await reading.list(type, { limit: page, ...(after !== undefined && { after }) });
        const puts = items.flatMap(({ name, value }): Put[] => {
          const made = isOwnType(type) ? { bytes: value } : encoded(copied(type, decodeObject(value)));
          return made ? [{ op: 'put', type, name, expect: 0, value: made }] : [];
        });
        for (const done of puts.length > 0 ? await writing.commitEach(puts) : [])
          if (done instanceof StoreError) throw done;
        after = items.at(-1)?.name;
        if (!more || after === undefined) break;
      }
    }
  } finally {
    await source.close();
    await target.close();
  }
  // Closed, it is one file.
  renameSync(join(partial, 'state.db'), join(dataDir, 'state.db'));
  rmSync(partial, { recursive: true, force: true });
}
