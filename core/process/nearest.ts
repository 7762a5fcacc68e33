// What somebody may have meant who typed a word that there is not.

/** The candidate that takes the fewest changed, added, left out or swapped letters to become `word`; undefined where none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const steps = distance(word.slice(0, 64), candidate.slice(0, 64));
    if (steps < least) [best, least] = [candidate, steps];
  }
  return best;
}

/** Damerau's and Levenshtein's, where no letters between two swapped ones change. */
function distance(from: string, to: string): number {
  let [older, last]: number[][] = [[], Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let row = 1; row <= from.length; row++) {
    const next = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const [above = 0, corner = 0, left = 0] = [last?.[column], last?.[column - 1], next[column - 1]];
      let least = Math.min(above + 1, left + 1, corner + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) least = Math.min(least, (older?.[column - 2] ?? 0) + 1);
      next.push(least);
    }
    [older, last] = [last ?? [], next];
  }
  return last?.[to.length] ?? 0;
}
