// How deep a value may be nested.

/** No Kubernetes object comes near it, and every recursive walk has room for it. */
export const maxDepth = 500;

export function isWithinDepth(value: unknown, left = maxDepth): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (left === 0) return false;
  for (const each of Array.isArray(value) ? value : Object.values(value))
    if (!isWithinDepth(each, left - 1)) return false;
  return true;
}
