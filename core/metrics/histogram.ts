// A Prometheus histogram as plain numbers: observing one value must cost next to nothing, and it may cross a thread.

export interface Histogram {
  /** Upper bounds, rising. */
  readonly bounds: readonly number[];
  /** One per bound: values at most that and above the bound before. */
  readonly counts: number[];
  sum: number;
  total: number;
}

export function createHistogram(bounds: readonly number[]): Histogram {
  return { bounds, counts: bounds.map(() => 0), sum: 0, total: 0 };
}

export function observe(histogram: Histogram, value: number): void {
  histogram.sum += value;
  histogram.total += 1;
  const { bounds, counts } = histogram;
  for (let at = 0; at < bounds.length; at += 1)
    if (value <= (bounds[at] ?? 0)) {
      counts[at] = (counts[at] ?? 0) + 1;
      return;
    }
}

/** `count` bounds from `start`, each `factor` times the one before: Prometheus' ExponentialBuckets. */
export function exponentialBounds(start: number, factor: number, count: number): number[] {
  // Of powers: a product of many would end in 0.30000000000000004.
  return Array.from({ length: count }, (_, i) => Number((start * factor ** i).toPrecision(12)));
}
