// Whether a node is ready, as its conditions say.

import type { ObjectOf } from './controller.ts';

/** The status of the condition Ready: `True`, `False` or `Unknown`. */
export function readiness(node: ObjectOf<'nodes'>): string {
  return node.status?.conditions?.find((each) => each.type === 'Ready')?.status ?? 'Unknown';
}
