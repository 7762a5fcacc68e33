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
