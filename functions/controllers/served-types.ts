// The resources that the garbage collector and the namespace controller look after: everything that is stored and can be deleted.

import type { Definitions } from '../../core/api/definition.ts';
import { scalePaths } from '../../core/registry/scale.ts';
import type { ServedType } from './controller.ts';

/** Events are short-lived and own nothing: nobody needs them in memory. */
const unwatched = new Set(['events', 'events.k8s.io/events']);

export function servedTypes(definitions: Definitions): ServedType[] {
  const found = new Map<string, ServedType>();
  for (const { type, verbs } of definitions.all()) {
    if (found.has(type) || unwatched.has(type)) continue;
    if (!verbs.includes('delete') || !verbs.includes('list') || !verbs.includes('watch')) continue;
    const stored = definitions.ofType(type);
    if (!stored) continue;
    const { group, version, kind, namespaced } = stored;
    const scales = stored.subresources.some((each) => each.name === 'scale');
    const scale = scales ? scalePaths({ definition: stored }) : undefined;
    found.set(type, { type, group, version, kind, namespaced, ...(scale && { scale }) });
  }
  return [...found.values()];
}
