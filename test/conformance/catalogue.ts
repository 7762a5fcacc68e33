// The list of Kubernetes' conformance tests, and which of them a test of ours states.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOnAws, notOnAws } from './on-aws.ts';

export interface ConformanceTest {
  /** `sig-api-machinery`, ... */
  readonly area: string;
  readonly name: string;
}

export interface Stated extends ConformanceTest {
  /** Our file that states its behaviour, below test/; undefined where none does. */
  readonly file: string | undefined;
  /** Whether it is asked of the functions on AWS, too. */
  readonly onAws: boolean;
}

const folder = import.meta.dirname;
const tests = join(folder, '..');

export function conformanceTests(): ConformanceTest[] {
  return readFileSync(join(folder, 'tests.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [area = '', name = ''] = line.split('\t');
      return { area, name };
    });
}

/** The sources below a folder of the tests, without the suite's own list of names. */
function sources(of: string): string[] {
  return readdirSync(join(tests, of), { recursive: true, encoding: 'utf8' })
    .filter((each) => each.endsWith('.ts'))
    .map((each) => join(of, each));
}

/** A test of ours states one when it calls `conformance` with its name. */
export function stated(): Stated[] {
  const files = new Map<string, string>();
  for (const file of [...sources('conformance'), ...sources('e2e')]) {
    const text = readFileSync(join(tests, file), 'utf8');
    for (const [, , name = ''] of text.matchAll(/\bconformance\(\s*(['"`])((?:(?!\1).)+)\1/g)) files.set(name, file);
  }
  const unknown = [...files.keys()].filter((name) => !conformanceTests().some((each) => each.name === name));
  if (unknown.length > 0) throw new Error(`no conformance test is called: ${unknown.join('; ')}`);
  const there = new Set(filesOnAws.map((file) => join('conformance', file)));
  return conformanceTests().map((each) => {
    const file = files.get(each.name);
    return { ...each, file, onAws: file !== undefined && there.has(file) && !notOnAws.has(each.name) };
  });
}
