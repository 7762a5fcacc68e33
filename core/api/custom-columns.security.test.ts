// Printer columns: a short path over a small object can be made to look at more values than there are atoms, and many columns to show one
// value thousands of times.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { tried } from '../../test/tools/tried.ts';
import { compileJsonPath, mostLooks, TooManyLooks } from '../machinery/jsonpath.ts';
import type { KubeObject } from '../machinery/object.ts';
import { customColumns } from './custom-columns.ts';
import { toTable } from './table.ts';

const options = { includeObject: 'None', metadata: {}, now: new Date(0) } as const;

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

const spec = {
  deep: nested(60),
  long: Array.from({ length: 20_000 }, (_, i) => i),
  text: 'x'.repeat(1_000_000),
  rows: Array.from({ length: 200 }, () => ({ text: 'x'.repeat(1000) })),
};
const object: KubeObject = { apiVersion: 'e.com/v1', kind: 'A', metadata: { name: 'a' }, spec };

const hostile = [
  `.spec.deep${'[0,0]'.repeat(24)}.none`,
  `.spec.deep${'[0,0]'.repeat(59)}.none`,
  `.spec.deep${'[:,:,:,:]'.repeat(50)}.none`,
  `${'..[*]'.repeat(6)}..none`,
  `${'..*'.repeat(100)}.none`,
  '.spec.long[?(@==$..none)]',
  '.spec.long[?($..text!=$..text)]',
  '.spec.long[?(1==2)]',
  `.spec.rows[*]${'[?(@==$.spec.rows[*].text)]'.repeat(20)}`,
  `.spec${'[?($.spec'.repeat(100)}${')]'.repeat(100)}`,
  `.spec.deep${'[0]'.repeat(100_000)}`,
  `.spec${'[?(@'.repeat(100_000)}`,
  '.spec',
  '.spec.text',
];

const columnsOf = (paths: readonly string[]) =>
  customColumns(paths.map((jsonPath, i) => ({ name: `c${i}`, type: 'string', jsonPath })));

describe('printer columns', () => {
  it.each(hostile)('find an end with %.60s', (path) => {
    const { rows } = toTable(columnsOf([path]), [object], options);
    expect(['<unknown>', null]).toContain(rows[0]?.cells[1]);
    tried('hostile paths of printer columns');
  });

  it('show what people ask for beside each other', () => {
    const conditions = ['Ready', 'Synced'].map((type) => ({ type, status: 'True' }));
    const shown = { ...object, spec: { a: { b: 1 } }, status: { conditions } };
    const paths = ['.status.conditions[?(@.type=="Synced")].status', '.spec.a', '.spec.none', '..b'];
    const [row] = toTable(columnsOf(paths), [shown], options).rows;
    expect(row?.cells).toEqual(['a', 'True', '{"b":1}', null, '1']);
  });

  it('of any number show no more than a row, and a Table, may hold', () => {
    const columns = columnsOf(Array.from({ length: 2000 }, () => '.spec.rows'));
    const objects = Array.from({ length: 300 }, () => object);
    const { rows } = toTable(columns, objects, options);
    const lengths = rows.map(({ cells }) => cells.reduce<number>((sum, each) => sum + String(each ?? '').length, 0));
    expect(Math.max(...lengths)).toBeLessThan(mostLooks * 64 + 2000 * 20);
    expect(lengths.reduce((sum, each) => sum + each, 0)).toBeLessThan(64 * 1024 * 1024 + 300 * 2000 * 20);
    tried('columns that show one value', 2000 * 300);
  });

  it('of any path look at no more than they may', () => {
    const step = fc.constantFrom(
      '[*]',
      '..*',
      '..[*]',
      '[0,0]',
      '[:]',
      '.*',
      '.a',
      '[?(@)]',
      '[?(@..a==$..a)]',
      '[*,*]',
    );
    const value = fc.anything({ maxDepth: 4, maxKeys: 6, withNullPrototype: false });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), value, (steps, root) => {
        const looks = { left: mostLooks };
        let found = 0;
        try {
          for (const _ of compileJsonPath(steps.join(''))(root, looks)) found += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(TooManyLooks);
        }
        expect(found).toBeLessThanOrEqual(mostLooks);
        tried('paths by chance');
      }),
      { numRuns: fuzzRuns(300) },
    );
  });
});
