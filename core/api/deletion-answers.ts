// What a deletion is answered with: a Status, and of these types the object that was deleted. Clients decode what they expect.
// Source: the answers in Kubernetes' published OpenAPI (ReturnDeletedObject of each store).

import type { TypeName } from '../store/store.ts';

const deletedObject: ReadonlySet<TypeName> = new Set<TypeName>([
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'resource.k8s.io/deviceclasses',
  'resource.k8s.io/resourceclaims',
  'resource.k8s.io/resourceclaimtemplates',
  'resource.k8s.io/resourceslices',
  'resourcequotas',
  'serviceaccounts',
  'services',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/volumeattributesclasses',
]);

export function answersWithDeleted(type: TypeName): boolean {
  return deletedObject.has(type);
}
