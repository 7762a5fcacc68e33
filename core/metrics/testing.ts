// Reads the Prometheus text format as strictly as a scraper may: for tests of what is written.

import { setOwn } from '../machinery/own.ts';

export interface Sample {
  /** With a histogram's suffix. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ReadFamily {
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

/**
 * Families by name. Throws for a sample without HELP and TYPE before it, a family or a series that stands twice, a line that is none,
 * and a histogram whose buckets fall, do not end with +Inf, or do not agree with its count.
 */
export function readExposition(text: string): Map<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, { help: string; type: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current: [string, { help: string; type: string; samples: Sample[] }] | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const meta = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (meta) {
      const [, kind, name = '', rest = ''] = meta;
      if (kind === 'HELP') {
        if (families.has(name)) throw new Error(`${name} stands twice`);
        current = [name, { help: rest, type: '', samples: [] }];
        families.set(...current);
      } else {
        if (current?.[0] !== name) throw new Error(`TYPE of ${name} without its HELP`);
        if (!/^(counter|gauge|histogram)$/.test(rest)) throw new Error(`${name} is of type ${rest}`);
        current[1].type = rest;
      }
      continue;
    }
    if (line.startsWith('# ') && !/^# (HELP|TYPE)/.test(line)) continue;
    const sample = readSample(line);
    if (!current || !belongs(sample.name, current[0], current[1].type))
      throw new Error(`no family of its own: ${line}`);
    const series = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (seen.has(series)) throw new Error(`a series stands twice: ${line}`);
    seen.add(series);
    current[1].samples.push(sample);
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family.samples);
  return families;
}

function readSample(line: string): Sample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line);
  if (!match) throw new Error(`not a sample: ${line}`);
  const [, name = '', text = '', number = ''] = match;
  const labels: Record<string, string> = {};
  let at = 0;
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
  while (at < text.length) {
    label.lastIndex = at;
    const found = label.exec(text);
    const [all = '', key = '', value = ''] = found ?? [];
    if (!found || Object.hasOwn(labels, key)) throw new Error(`labels are broken: ${line}`);
    setOwn(
      labels,
      key,
      value.replace(/\\(["\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
    );
    at += all.length;
  }
  const value = Number(number);
  if (Number.isNaN(value)) throw new Error(`not a number: ${line}`);
  return { name, labels, value };
}

function belongs(sample: string, family: string, type: string): boolean {
  if (type !== 'histogram') return type !== '' && sample === family;
  return ['_bucket', '_sum', '_count'].some((suffix) => sample === family + suffix);
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, { last: number; bound: number; count?: number; sum?: number }>();
  for (const each of samples) {
    const { le, ...labels } = each.labels;
    const key = JSON.stringify(Object.entries(labels).sort());
    const known = series.get(key) ?? { last: 0, bound: Number.NEGATIVE_INFINITY };
    series.set(key, known);
    if (each.name === `${name}_bucket`) {
      const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
      if (!(bound > known.bound) || each.value < known.last) throw new Error(`${name}: buckets fall at ${key} ${le}`);
      known.bound = bound;
      known.last = each.value;
    } else if (each.name === `${name}_count`) known.count = each.value;
    else known.sum = each.value;
  }
  for (const [key, { last, bound, count, sum }] of series)
    if (bound !== Number.POSITIVE_INFINITY || count !== last || sum === undefined)
      throw new Error(`${name}: ${key} is not whole`);
}
