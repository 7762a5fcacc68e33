// One patch on one object, by its type. Gives a new object; the existing one may be changed.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';
import type { PatchType } from '../registry.ts';

export function applyPatch(
  type: Exclude<PatchType, 'apply'>,
  existing: KubeObject,
  body: unknown,
  _definition: ResourceDefinition | undefined,
): KubeObject {
  if (type !== 'merge') throw new StatusError('NotImplemented', `${type} patches are not served yet`);
  const result = merge(existing, body);
  if (typeof result !== 'object' || result === null || Array.isArray(result))
    throw badRequest('the patch leaves no object');
  return result as KubeObject; // its structure is checked after the patch
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result = new Map(
    typeof target === 'object' && target !== null && !Array.isArray(target) ? Object.entries(target) : [],
  );
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, merge(result.get(key), value));
  }
  return Object.fromEntries(result);
}
