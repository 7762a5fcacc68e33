import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { groupsOf, weighStarts } from './bundles.ts';

const root = join(import.meta.dirname, '..');
const chunk = (fileName: string, modules: readonly string[], imports: readonly string[] = [], facade?: string) => ({
  fileName,
  facadeModuleId: facade === undefined ? null : join(root, facade),
  imports: [...imports],
  moduleIds: modules.map((each) => join(root, each)),
});
const chunks = [
  chunk('index.mjs', ['entry.ts', 'log.ts'], ['common.mjs'], 'entry.ts'),
  chunk('common.mjs', ['common.ts']),
  chunk('read.mjs', ['read.ts'], ['common.mjs', 'table.mjs', 'node:fs'], 'read.ts'),
  chunk('write.mjs', ['write.ts'], ['table.mjs'], 'write.ts'),
  chunk('table.mjs', ['table.ts']),
  chunk('rare.mjs', ['rare.ts'], ['table.mjs'], 'rare.ts'),
];
const groupBy = (starts: Readonly<Record<string, readonly string[]>>) => {
  const groups = groupsOf(chunks, starts, join(root, 'entry.ts'));
  return (module: string) => groups.filter(({ test }) => test(join(root, module))).map(({ name }) => name);
};

describe('what a start loads', () => {
  it('is in one group, and in another what several load', () => {
    const groups = groupBy({ read: ['read.ts'], write: ['write.ts'] });
    expect(groups('read.ts')).toEqual(['read']);
    expect(groups('write.ts')).toEqual(['write']);
    for (const both of ['log.ts', 'common.ts', 'table.ts']) expect(groups(both)).toEqual(['read-write']);
  });

  it('leaves out the entry, and what is loaded later', () => {
    const groups = groupBy({ start: ['read.ts'] });
    expect(groups('entry.ts')).toEqual([]);
    expect(groups('rare.ts')).toEqual([]);
  });

  it('has to be loaded by its name', () => {
    expect(() => groupBy({ start: ['table.ts'] })).toThrow(
      'the start "start" names table.ts, which nothing imports by name',
    );
  });
});

describe('a start', { timeout: 120_000 }, () => {
  // Gzipped, as bench -- aws counts it. Each kilobyte is about a quarter of a millisecond of a cold start.
  const kilobytes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    apiserver: { read: 141.5, write: 149, node: 141.5, hosted: 149.5, notifier: 35.5 },
    controllers: { own: 188, hosting: 198 },
    scheduler: { start: 144 },
    'stream-trigger': { start: 13 },
    channel: { start: 27 },
  };

  it.each(['apiserver', 'controllers', 'scheduler', 'stream-trigger', 'channel'] as const)(
    'of %s loads no more than it is known to take',
    async (name) => {
      const directory = mkdtempSync(join(tmpdir(), 'zeroplane-starts-'));
      try {
        const weights = await weighStarts(name, directory);
        expect(Object.keys(weights)).toEqual(Object.keys(kilobytes[name] ?? {}));
        const over = Object.entries(weights).filter(([start, bytes]) => bytes > 1024 * (kilobytes[name]?.[start] ?? 0));
        expect(over).toEqual([]);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  );
});
