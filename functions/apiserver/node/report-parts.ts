// What the parts of a report are written with.

import type { Definitions, ResourceDefinition } from '../../../core/api/definition.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import { badRequest } from '../../../core/machinery/status.ts';
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

/** The conditions of a reported status, as far as they are merged by their type. The rest of them is the registry's to check. */
export function conditionsOf(status: Readonly<Record<string, unknown>>): { readonly type: string }[] {
  return typedItems(status, 'conditions');
}

/** The items of a list that each have a type. Absent and null are empty. Throws BadRequest. */
export function typedItems(status: Readonly<Record<string, unknown>>, field: string): { readonly type: string }[] {
  const items = getOwn(status, field) ?? [];
  if (!Array.isArray(items) || items.length > maxItems || !items.every(isTyped))
    throw badRequest(`status.${field} must be a list of at most ${maxItems} objects, each with its type`);
  if (new Set(items.map(({ type }) => type)).size < items.length && field === 'conditions')
    throw badRequest(`status.${field} has two entries of one type`);
  return items;
}

const maxItems = 100;

function isTyped(item: unknown): item is { readonly type: string } {
  return typeof item === 'object' && item !== null && 'type' in item && typeof item.type === 'string';
}
