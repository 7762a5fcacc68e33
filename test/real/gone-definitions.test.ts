// What belongs to a definition that is gone goes with it: its compiled rules, documents, replicas, series. Counted in the heap of a
// process of its own, after definitions came, were used, and went.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { fuzzRuns } from '../tools/fuzz-runs.ts';
import type { Counted } from './gone-definitions.ts';

/** `ZEROPLANE_FUZZ=10`: 160 of them. */
const [rounds, definitions, kilobytes] = [4, fuzzRuns(4), 40];
let counted: Counted;

beforeAll(async () => {
  const args = [rounds, definitions, kilobytes].map(String);
  const program = join(import.meta.dirname, 'gone-definitions.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { maxBuffer: 2 ** 26 });
  counted = JSON.parse(stdout);
}, fuzzRuns(600_000));

describe('Of definitions that are gone', () => {
  it('no text, rule or expression is left in the heap', () => {
    expect(counted.insides).toEqual([]);
  });

  it('no replica is left', () => {
    const [first, ...later] = counted.rounds.map(({ replicas }) => replicas);
    expect(later).toEqual(later.map(() => first));
  });

  it('names are left in the past of other types alone', () => {
    // Of the definition, its policy, binding, webhook and APIServices, with their paths.
    expect(counted.names).toBeLessThan(definitions * 30);
  });

  it('the heap keeps less than a twentieth of what one takes', () => {
    const [, second = 0] = counted.rounds.map(({ heapUsed }) => heapUsed);
    const last = counted.rounds.at(-1)?.heapUsed ?? 0;
    const kept = (last - second) / ((rounds - 2) * definitions);
    expect(kept).toBeLessThan(100_000);
  });
});
