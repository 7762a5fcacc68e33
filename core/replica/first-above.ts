// Where, in events ordered by revision, those above a revision begin.

export function firstAbove(events: readonly { readonly revision: number }[], after: number, start = 0): number {
  let [low, high] = [start, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.revision ?? 0) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
