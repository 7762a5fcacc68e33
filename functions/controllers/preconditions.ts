// Changes of an object just as it was seen: its uid and resourceVersion are a condition, since somebody else may have changed it, or made
// another of its name. A change that comes too late fails, and the object is looked at again.

import type { TypeName } from '../../core/store/store.ts';
import type { Action, Live } from './controller.ts';

interface Change {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
}

/** A merge patch. */
export function patchWithPreconditions<T extends TypeName>(
  type: T,
  seen: Live<object>,
  change: Change,
  subresource?: string,
): Action<T> {
  const { namespace = '', name, uid, resourceVersion } = seen.metadata;
  const { metadata, ...rest } = change;
  const body = { metadata: { uid, resourceVersion, ...metadata }, ...rest };
  return { do: 'patch', type, namespace, name, patchType: 'merge', ...(subresource && { subresource }), body };
}

export function deleteWithPreconditions<T extends TypeName>(
  type: T,
  seen: Live<object>,
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan',
): Action<T> {
  const { namespace = '', name, uid, resourceVersion } = seen.metadata;
  const preconditions = { uid, resourceVersion };
  const options = { ...(propagationPolicy && { propagationPolicy }), preconditions };
  return { do: 'delete', type, namespace, name, options };
}
