// What a target is called: its key in the store, and the subject of its Status messages.

import type { ResourceDefinition } from '../api/definition.ts';
import { badRequest, type StatusSubject } from '../machinery/status.ts';
import type { Target } from './registry.ts';

export function subjectOf(definition: ResourceDefinition): StatusSubject {
  return { group: definition.group, resource: definition.resource };
}

/** `namespace/name`, or `name` for a cluster-scoped resource. */
export function keyOf(target: Target): string {
  const { definition, namespace, name } = target;
  if (!name) throw badRequest('name is required');
  if (!definition.namespaced) return name;
  if (!namespace) throw badRequest(`namespace is required for ${definition.resource} "${name}"`);
  return `${namespace}/${name}`;
}

/** The prefix of all keys of one namespace; empty for all of them. */
export function prefixOf(target: Target): string {
  return target.definition.namespaced && target.namespace ? `${target.namespace}/` : '';
}

export function apiVersionOf(definition: { group: string; version: string }): string {
  return definition.group ? `${definition.group}/${definition.version}` : definition.version;
}

/** Whether status has a path of its own, and the main path does not reach it. */
export function hasStatus(definition: { subresources: readonly { name: string }[] }): boolean {
  return definition.subresources.some((each) => each.name === 'status');
}
