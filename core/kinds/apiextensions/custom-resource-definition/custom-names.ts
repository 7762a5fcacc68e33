// The names of a custom resource must be free in its group. Who has them first keeps them; the other definition is not served.
// Source: apiextensions.k8s.io/v1, conditions NamesAccepted and Established.

import type { V1CustomResourceDefinition, V1CustomResourceDefinitionNames } from '../../../../generated/kubernetes.ts';
import type { Definitions } from '../../../api/definition.ts';

/** Held until the objects of a definition that is deleted are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

export interface NameConflict {
  readonly reason: string;
  readonly message: string;
}

/** The first of the names that another served resource of the group has; undefined when all are free. */
export function nameConflict(
  definitions: Definitions,
  { metadata, spec }: V1CustomResourceDefinition,
): NameConflict | undefined {
  const taken = new Set<string>();
  const kinds = new Set<string>();
  for (const each of definitions.all()) {
    if (each.group !== spec.group || each.customResource === metadata.name) continue;
    for (const name of [each.resource, each.singular, ...each.shortNames]) taken.add(name);
    for (const kind of [each.kind, each.listKind]) kinds.add(kind);
  }
  if (taken.size === 0) return undefined;
  const { plural, singular, shortNames = [], kind, listKind }: V1CustomResourceDefinitionNames = spec.names;
  const conflict = (reason: string, name: string) => ({ reason, message: `${JSON.stringify(name)} is already in use` });
  if (taken.has(plural)) return conflict('PluralConflict', plural);
  if (singular && taken.has(singular)) return conflict('SingularConflict', singular);
  const short = shortNames.find((each) => taken.has(each));
  if (short) return conflict('ShortNamesConflict', short);
  if (kinds.has(kind)) return conflict('KindConflict', kind);
  if (listKind && kinds.has(listKind)) return conflict('ListKindConflict', listKind);
  return undefined;
}

/** Whether objects of the definition can be served. Source: condition Established. */
export function isEstablished({ status }: V1CustomResourceDefinition): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false;
}
