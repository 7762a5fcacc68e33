// No regular expression of the programs takes more than time in proportion to the text, whatever the text is: V8 tries each way to match
// one after the other, so where two parts of an expression can take the same characters, 100 KB hold a process for a minute.
// Expressions of users are run in linear time (re2js).

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { expect, it } from 'vitest';
import { tried } from '../tools/tried.ts';

const root = join(import.meta.dirname, '../..');
const folders = ['agent', 'cli', 'core', 'edge', 'functions', 'local'];
/** What takes twice as long with each character is found by the first of these. */
const lengths = [24, 6_000];
/** The square of the length takes thirty times as long, the length itself a hundredth. */
const mostMs = 2;

it('every regular expression reads every text once', { timeout: 300_000 }, () => {
  const found = expressions();
  expect(found.size).toBeGreaterThan(100);
  const slow: string[] = [];
  for (const [text, { expression, where }] of found) {
    const attack = slowText(expression);
    if (attack !== undefined) slow.push(`${where}: ${text} with ${attack}`);
  }
  expect(slow).toEqual([]);
  tried('regular expressions against long texts', found.size);
});

it.each([/^\d*\d*$/, /0+$/, /\s+\w+\s+$/, /^(\d+)*$/, /a.*b/])('%s is found to be slow', (expression) => {
  expect(slowText(expression)).toBeDefined();
});

interface Found {
  readonly expression: RegExp;
  readonly where: string;
}

/** Those that may repeat something without end. */
function expressions(): ReadonlyMap<string, Found> {
  const found = new Map<string, Found>();
  for (const folder of folders) {
    for (const file of globSync(`${folder}/**/*.ts`, { cwd: root })) {
      // What generates code reads what is in this repository.
      if (file.endsWith('.test.ts') || file.includes('/generate/')) continue;
      for (const { pattern, flags } of literals(parseAst(readFileSync(join(root, file), 'utf8'), { lang: 'ts' }))) {
        const text = `/${pattern}/${flags}`;
        if (/[*+]|\{\d*,\}/.test(pattern) && !found.has(text))
          found.set(text, { expression: new RegExp(pattern, flags), where: file });
      }
    }
  }
  return found;
}

function* literals(node: unknown): Generator<{ readonly pattern: string; readonly flags: string }> {
  if (typeof node !== 'object' || node === null) return;
  if ('regex' in node && node.regex) yield node.regex as { pattern: string; flags: string };
  else for (const each of Object.values(node)) yield* literals(each);
}

const characters = [
  ...' !"#$%&\'()*+,-./09:;<=>?@AZ[\\]^_`aez{|}~\t\n\r\0é',
  'a.',
  'a-',
  'a/',
  'a,',
  'a=',
  '1.',
  '1h',
  '1m',
  '..',
  '""',
];
const ends = ['', '!', '\n', '\0', 'a', ' ', '/', '='];

/** A text that takes far too long, as it would be written. */
function slowText(expression: RegExp): string | undefined {
  const words = expression.source.split(/\\.|[^\w/:@<>-]/u).filter((word) => word !== '');
  const heads = new Set(['', 'a', '1', '"', ...words.slice(0, 4)]);
  for (const length of lengths) {
    for (const repeated of new Set([...characters, ...words])) {
      const middle = repeated.repeat(Math.ceil(length / repeated.length));
      for (const head of heads) {
        for (const end of ends) {
          if (leastMs(expression, head + middle + end) > mostMs) return JSON.stringify(`${head}(${repeated})*${end}`);
        }
      }
    }
  }
  return undefined;
}

/** The best of some: a collection of garbage is no fault of the expression. */
function leastMs(expression: RegExp, text: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5 && least > mostMs; attempt += 1) {
    expression.lastIndex = 0;
    const before = performance.now();
    expression.test(text);
    least = Math.min(least, performance.now() - before);
  }
  return least;
}
