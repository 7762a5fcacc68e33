// Sets of completion indexes in the form that Job status has: `1,3-5,7` (batch/v1 CompletedIndexes).

export function parseIndexes(text: string | undefined): Set<number> {
  const indexes = new Set<number>();
  for (const part of text?.split(',') ?? []) {
    const [first, last = first] = part.split('-');
    if (!first) continue;
    for (let i = Number(first); i <= Number(last); i++) indexes.add(i);
  }
  return indexes;
}

/** First and last of each run, in rising order, as a spec is validated to have them: it may ask for billions. */
export type Intervals = readonly (readonly [first: number, last: number])[];

export function intervalsOf(text: string): Intervals {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [first, last = first] = part.split('-').map(Number);
      return [first ?? 0, last ?? 0];
    });
}

export function countOf(intervals: Intervals): number {
  return intervals.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function isAmong(intervals: Intervals, index: number): boolean {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((intervals[middle]?.[1] ?? 0) < index) low = middle + 1;
    else high = middle;
  }
  return (intervals[low]?.[0] ?? Number.POSITIVE_INFINITY) <= index;
}

/** Runs of two are written as `3,4`, longer ones as `3-5`. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    if (end === i) parts.push(String(sorted[i]));
    else parts.push(`${sorted[i]}${end === i + 1 ? ',' : '-'}${sorted[end]}`);
    i = end + 1;
  }
  return parts.join(',');
}
