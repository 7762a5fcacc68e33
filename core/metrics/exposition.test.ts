import { describe, expect, it } from 'vitest';
import { renderFamilies } from './exposition.ts';
import { type Family, labelsOf } from './family.ts';
import { createHistogram, exponentialBounds, observe } from './histogram.ts';
import { readExposition } from './testing.ts';

const counter = (labels: string, value: number): Family => ({
  name: 'requests_total',
  help: 'Requests.',
  type: 'counter',
  series: [{ labels, value }],
});

function sizes(...values: number[]): Family {
  const value = createHistogram(exponentialBounds(1000, 10, 7));
  for (const each of values) observe(value, each);
  return { name: 'sizes', help: 'Bytes.', type: 'histogram', series: [{ labels: 'verb="GET"', value }] };
}

describe('The text format', () => {
  it('has a series once, also where one family names it twice', () => {
    const [, , ...lines] = renderFamilies([
      { ...counter('a="1"', 2), series: [2, 3].map((value) => ({ labels: 'a="1"', value })) },
    ])
      .trimEnd()
      .split('\n');
    expect(lines).toEqual(['requests_total{a="1"} 5']);
  });

  it('has what a scraper reads, in the order of names', () => {
    const text = renderFamilies([sizes(1000, 1001, 2e9), counter('code="200"', 3)]);
    expect(text).toBe(`# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{code="200"} 3
# HELP sizes Bytes.
# TYPE sizes histogram
sizes_bucket{verb="GET",le="1000"} 1
sizes_bucket{verb="GET",le="10000"} 2
sizes_bucket{verb="GET",le="100000"} 2
sizes_bucket{verb="GET",le="1e+06"} 2
sizes_bucket{verb="GET",le="1e+07"} 2
sizes_bucket{verb="GET",le="1e+08"} 2
sizes_bucket{verb="GET",le="1e+09"} 2
sizes_bucket{verb="GET",le="+Inf"} 3
sizes_sum{verb="GET"} 2000002001
sizes_count{verb="GET"} 3
`);
    expect([...readExposition(text).keys()]).toEqual(['requests_total', 'sizes']);
  });

  it('has each family once, with what several counted of the same added up', () => {
    const text = renderFamilies([
      counter('code="200"', 3),
      sizes(5),
      counter('code="200"', 4),
      counter('code="404"', 1),
      sizes(5, 2e9),
    ]);
    const read = readExposition(text);
    expect(read.get('requests_total')?.samples.map(({ value }) => value)).toEqual([7, 1]);
    expect(read.get('sizes')?.samples.map(({ value }) => value)).toEqual([2, 2, 2, 2, 2, 2, 2, 3, 2e9 + 10, 3]);
  });

  it('keeps whatever stands in a label', () => {
    const value = 'a "quoted" \\ and\na second line';
    const read = readExposition(renderFamilies([counter(labelsOf({ a: value, b: '' }), 1)]));
    expect(read.get('requests_total')?.samples[0]?.labels).toEqual({ a: value, b: '' });
  });
});

describe('Its reader', () => {
  const head = '# HELP a A.\n# TYPE a counter\n';
  it.each([
    ['a family twice', `${head}a 1\n${head}a 2\n`],
    ['a series twice', `${head}a{x="1",y="2"} 1\na{y="2",x="1"} 2\n`],
    ['no HELP', 'a 1\n'],
    ['no TYPE', '# HELP a A.\na 1\n'],
    ['a sample of another family', `${head}b 1\n`],
    ['no number', `${head}a one\n`],
    ['a label without its quotes', `${head}a{x=1} 1\n`],
    [
      'a histogram without its last bucket',
      '# HELP a A.\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n',
    ],
  ])('refuses %s', (_, text) => {
    expect(() => readExposition(text)).toThrow();
  });
});
