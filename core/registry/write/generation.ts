// metadata.generation rises when something changes that is not metadata or status: controllers report it as observedGeneration.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { Strategy } from '../../kinds/strategy.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';
import { semanticEqual } from '../../machinery/semantic-equal.ts';
import { hasStatus } from '../target.ts';

/** The generation after the change, or undefined where the kind has none. */
export function generationOf(
  definition: ResourceDefinition,
  strategy: Strategy,
  object: KubeObject,
  old: KubeObject,
): number | undefined {
  if (!strategy.generation) return undefined;
  const before = old.metadata.generation ?? 0;
  const status = hasStatus(definition);
  const fields = new Set([...Object.keys(object), ...Object.keys(old)]);
  for (const field of fields) {
    if (field === 'metadata' || field === 'apiVersion' || field === 'kind' || (status && field === 'status')) continue;
    if (!semanticEqual(getOwn(object, field), getOwn(old, field))) return before + 1;
  }
  return before;
}
