// What other servers add to this API (apiregistration.k8s.io), as discovery and OpenAPI need to know it.

import type { GroupPriority } from './group-priorities.ts';

/** One group version that another server answers for. */
export interface ExtensionVersion {
  readonly group: string;
  readonly version: string;
  /** As its last discovery had it; empty before the first. */
  readonly resources: readonly ExtensionResource[];
  /** Whether the server was reached at the last look. */
  readonly fresh: boolean;
}

/** metav1.APIResource. */
export interface ExtensionResource {
  /** With its subresource: `flunders/status`. */
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

export interface Extensions {
  /** Rises when anything below changes. */
  readonly generation: number;
  readonly versions: readonly ExtensionVersion[];
  /** What a group version is registered with, or would be. */
  priority(group: string, version: string): GroupPriority;
}
