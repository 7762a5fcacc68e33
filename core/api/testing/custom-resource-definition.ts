// CustomResourceDefinitions for tests: of Widgets of example.com, unless said otherwise.

import type { V1CustomResourceDefinitionVersion } from '../../../generated/kubernetes.ts';

interface Wanted {
  readonly group?: string;
  readonly plural?: string;
  readonly kind?: string;
  /** Default: one, `v1`, that is stored and takes every field. */
  readonly versions?: readonly object[];
  /** Fields of the spec beside these, or in their place. */
  readonly spec?: object;
}

/** The schema that takes everything. */
export const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export function customResourceDefinition({
  group = 'example.com',
  plural = 'widgets',
  kind = 'Widget',
  versions = [servedVersion('v1', true, free)],
  spec = {},
}: Wanted = {}) {
  // as: tests leave out what theirs is not about, and some send what is wrong.
  const given = versions as V1CustomResourceDefinitionVersion[];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope: 'Namespaced' as const, names: { plural, kind }, versions: given, ...spec },
  };
}

export function servedVersion(name: string, storage: boolean, openAPIV3Schema: unknown, more: object = {}) {
  return { name, served: true, storage, schema: { openAPIV3Schema }, ...more };
}
