// Which group a write brings its object into, and which it leaves: what the commit says of it.

import type { Strategy } from '../../kinds/strategy.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { Put } from '../../store/store.ts';

/** `old`: what is written over, `object`: what then is; undefined: nothing. */
export function changedGroup(
  { groupOf }: Strategy,
  old: KubeObject | undefined,
  object: KubeObject | undefined,
): Pick<Put, 'joins' | 'leaves'> {
  if (!groupOf) return none;
  const leaves = old && groupOf(old);
  const joins = object && groupOf(object);
  if (joins === leaves) return none;
  return { ...(joins && { joins }), ...(leaves && { leaves }) };
}

const none = {};
