// A change of an object that is no longer the one that is meant, as Kubernetes' store tells of it: with the key that it has in etcd.

import type { ResourceDefinition } from '../api/definition.ts';

/** Kinds that are older than the naming of keys after resources. */
const oldPrefixes: ReadonlyMap<string, string> = new Map([
  ['/services', 'services/specs'],
  ['/endpoints', 'services/endpoints'],
  ['/nodes', 'minions'],
  ['/replicationcontrollers', 'controllers'],
  ['networking.k8s.io/ingresses', 'ingress'],
]);

const named = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io']);

export function otherObject(
  { group, resource, customResource }: Pick<ResourceDefinition, 'group' | 'resource' | 'customResource'>,
  { namespace, name }: { readonly namespace?: string | undefined; readonly name: string },
  wanted: string,
  found: string | undefined,
): string {
  const plain = customResource !== undefined || named.has(group) ? `${group}/${resource}` : resource;
  const prefix = oldPrefixes.get(`${group}/${resource}`) ?? plain;
  const key = ['/registry', prefix, ...(namespace ? [namespace] : []), name].join('/');
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
}
