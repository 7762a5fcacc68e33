// The part of `npm run check` that finds names of data as names of properties, on a project of a few lines.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tried } from '../tools/tried.ts';

const check = join(import.meta.dirname, '../checks/computed-names.ts');
const given = 'declare const t: Record<string, number>, n: string, o: object, list: number[], i: number;';
const refused = [
  't[n]',
  't[n] = 1',
  't[n] ??= 1',
  't[n]?.toFixed()',
  'n in t',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program
  't[`${n}`]',
  'Reflect.get(o, n)',
  'Reflect.set(o, n, 1)',
  'Object.assign({}, t)',
  'const { [n]: x } = t',
  'for (const each of Object.keys(t)) t[each]',
  'for (const each in o) t[each]',
  'for (const each in t) t[each] = 1',
  '(t as any)[n]',
  't[n as any]',
];
const accepted = [
  't["a"]',
  'list[i]',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program
  't[`f:${n}`]',
  'for (const each in t) t[each]',
  'delete t[n]',
  'const x = { [n]: 1 }',
  'Object.assign({}, { a: 1 })',
  't[n as "a" | "b"]',
  't[n] // computed name: a test says so',
];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'computed-'));
  mkdirSync(join(folder, 'core'));
  const options = { strict: true, noEmit: true, target: 'esnext', module: 'nodenext', lib: ['esnext'], types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['core'] }));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the check of computed names', () => {
  it('reports each way to index by a name that only the running program knows', async () => {
    expect(await linesReported(refused)).toEqual(refused);
    tried('ways to index by a name of data', refused.length);
  });

  it('lets what cannot be such a name pass', async () => {
    expect(await linesReported(accepted)).toEqual([]);
  });
});

async function linesReported(lines: readonly string[]): Promise<string[]> {
  writeFileSync(join(folder, 'core/x.ts'), [given, ...lines.map((line) => `{ ${line}\n}`), 'export {};'].join('\n'));
  const output = await new Promise<string>((resolve) =>
    execFile(process.execPath, [check], { cwd: folder }, (_, stdout, stderr) => resolve(stdout + stderr)),
  );
  const numbers = new Set([...output.matchAll(/^core\/x\.ts:(\d+): /gm)].map(([, line]) => Number(line)));
  return lines.filter((_, index) => numbers.has(2 + index * 2));
}
