// What the parts of a report are written with.

import type { Definitions, ResourceDefinition } from '../../../core/api/definition.ts';
import type { Registry, WriteOptions } from '../../../core/registry/registry.ts';

export interface ReportParts {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly now: () => Date;
}

/** How managed fields call what a node's agent writes. Its fields are ours to write, so nothing is warned about. */
export const asKubelet: WriteOptions = { fieldManager: 'kubelet', fieldValidation: 'Ignore' };

/** A built-in resource, which is always there. */
export function builtIn(definitions: Definitions, resource: string): ResourceDefinition {
  const definition = definitions.find('', 'v1', resource);
  if (!definition) throw new Error(`${resource} is not among the definitions`);
  return definition;
}
