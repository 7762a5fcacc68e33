// Metrics as Prometheus sees them: families of series. Plain data, so that another thread's can be shown with one's own.

import type { Histogram } from './histogram.ts';

export interface Series {
  /** As they are written, without braces: `verb="GET",code="200"`. Empty: none. */
  readonly labels: string;
  readonly value: number | Histogram;
  /** When a number was so, Unix milliseconds; left out: when it is asked for. */
  readonly at?: number;
}

/** Values of a histogram's series are histograms, all others numbers. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly series: readonly Series[];
}

/** Labels in the order of their names' mention, their values escaped. */
export function labelsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeValue(value)}"`)
    .join(',');
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** One family a name, and in it one series of the same labels: they are added up, as two threads that count the same things count together. */
export function mergeFamilies(families: Iterable<Family>): Family[] {
  const byName = new Map<string, Family>();
  for (const family of families) {
    const known = byName.get(family.name);
    byName.set(family.name, known ? { ...known, series: [...known.series, ...family.series] } : family);
  }
  return [...byName.values()]
    .map((family) => ({ ...family, series: mergeSeries(family.series) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function mergeSeries(all: readonly Series[]): Series[] {
  const byLabels = new Map<string, Series>();
  for (const each of all) {
    const known = byLabels.get(each.labels);
    byLabels.set(each.labels, known ? { ...each, value: sumOf(known.value, each.value) } : each);
  }
  return [...byLabels.values()];
}

function sumOf(a: Series['value'], b: Series['value']): Series['value'] {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) + Number(b);
  return {
    bounds: a.bounds,
    counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)),
    sum: a.sum + b.sum,
    total: a.total + b.total,
  };
}
