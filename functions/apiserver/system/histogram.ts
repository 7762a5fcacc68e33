// A Prometheus histogram as plain numbers: observing one value must cost next to nothing.

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

/** `labels` without braces, and not empty. */
export function renderHistogram(name: string, labels: string, histogram: Histogram, lines: string[]): void {
  let below = 0;
  for (const [index, bound] of histogram.bounds.entries()) {
    below += histogram.counts[index] ?? 0;
    lines.push(`${name}_bucket{${labels},le="${bound}"} ${below}`);
  }
  lines.push(
    `${name}_bucket{${labels},le="+Inf"} ${histogram.total}`,
    `${name}_sum{${labels}} ${histogram.sum}`,
    `${name}_count{${labels}} ${histogram.total}`,
  );
}
