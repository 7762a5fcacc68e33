// What a path of a resource takes as its body: the resource's own kind, or that of a subresource such as Scale, Binding or Eviction.

import type { Schema } from '../machinery/schema.ts';
import type { ResourceDefinition } from './definition.ts';
import { idOfModel, schemaOf } from './models.ts';

export interface Body {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: Schema;
}

export function bodyOf(definition: ResourceDefinition, subresource: string): Body {
  const found = subresource === '' ? undefined : definition.subresources.find(({ name }) => name === subresource);
  const id = found?.model === undefined || found.kind === definition.kind ? undefined : idOfModel(found.model);
  if (!found || id === undefined) return definition;
  const { group = definition.group, version = definition.version, kind } = found;
  return { group, version, kind, schema: schemaOf(id) };
}
