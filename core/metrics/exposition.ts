// Families in the Prometheus text format, version 0.0.4.

import { type Family, mergeFamilies } from './family.ts';
import type { Histogram } from './histogram.ts';

export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

/** Each family once, in the order of names. */
export function renderFamilies(families: Iterable<Family>): string {
  const lines: string[] = [];
  for (const { name, help, type, series } of mergeFamilies(families)) {
    lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${type}`);
    for (const { labels, value, at } of series)
      if (typeof value === 'number') lines.push(`${name}${braced(labels)} ${value}${at === undefined ? '' : ` ${at}`}`);
      else renderHistogram(name, labels, value, lines);
  }
  return `${lines.join('\n')}\n`;
}

function renderHistogram(name: string, labels: string, { bounds, counts, sum, total }: Histogram, lines: string[]) {
  const before = labels === '' ? '' : `${labels},`;
  let below = 0;
  for (const [index, bound] of bounds.entries()) {
    below += counts[index] ?? 0;
    lines.push(`${name}_bucket{${before}le="${boundText(bound)}"} ${below}`);
  }
  lines.push(
    `${name}_bucket{${before}le="+Inf"} ${total}`,
    `${name}_sum${braced(labels)} ${sum}`,
    `${name}_count${braced(labels)} ${total}`,
  );
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

/** As Go writes a number, since queries may name a bound by its text: `1e+06` and `1e-06`, but `100000` and `0.0001`. */
function boundText(bound: number): string {
  const size = Math.abs(bound);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return String(bound);
  const [digits = '', exponent = ''] = bound.toExponential().split('e');
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}
