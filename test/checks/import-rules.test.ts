import { expect, test } from 'vitest';
import { importErrors } from './import-rules.ts';
import { importsOf, type ModuleGraph } from './module-graph.ts';

/** File -> the modules that it names. */
function graphOf(files: Readonly<Record<string, readonly string[]>>): ModuleGraph {
  return new Map(
    Object.entries(files).map(([file, names]) => [
      file,
      importsOf(file, names.map((name) => `import { a } from '${name}';`).join('\n')),
    ]),
  );
}

test('every form of import is read, of types and over several lines too', () => {
  const text = [
    "import type { A } from './a.ts';",
    'import {',
    '  b,',
    "} from '../b.ts';",
    "export { c } from './c.ts';",
    "import './d.ts';",
    "const later = await import('./e.ts');",
    "import fs from 'node:fs';",
  ].join('\n');
  expect(importsOf('core/x/y.ts', text)).toEqual([
    { line: 1, target: 'core/x/a.ts' },
    { line: 4, target: 'core/b.ts' },
    { line: 5, target: 'core/x/c.ts' },
    { line: 6, target: 'core/x/d.ts' },
    { line: 7, target: 'core/x/e.ts' },
    { line: 8, target: 'node:fs' },
  ]);
});

test.each([
  ['core/a.ts', '../functions/apiserver/b.ts'],
  ['core/a.ts', '../agent/b.ts'],
  ['agent/a.ts', '../functions/apiserver/b.ts'],
  ['functions/apiserver/a.ts', '../scheduler/b.ts'],
  ['functions/apiserver/lambda.ts', '../../agent/b.ts'],
  ['core/store/dynamodb/a.ts', '../../../functions/apiserver/b.ts'],
  ['local/a.ts', '../cli/b.ts'],
  ['core/a.ts', '@aws-sdk/client-sqs'],
  ['functions/apiserver/a.ts', '@middy/core'],
])('%s must not import %s', (file, name) => {
  expect(importErrors(graphOf({ [file]: [name] }))).toHaveLength(1);
});

test('what runs downwards is allowed, and AWS where an adapter is named', () => {
  const graph = graphOf({
    'core/a.ts': [],
    'functions/apiserver/a.ts': ['../../core/a.ts', './b.ts'],
    'functions/apiserver/b.ts': [],
    'functions/apiserver/lambda.ts': ['@middy/core', './a.ts'],
    'functions/apiserver/a.test.ts': ['../../agent/b.ts'],
    'cli/main.ts': ['../local/up.ts', '../agent/main.ts'],
  });
  expect(importErrors(graph)).toEqual([]);
});

test('a circle between two files is found', () => {
  const errors = importErrors(graphOf({ 'agent/a/x.ts': ['./y.ts'], 'agent/a/y.ts': ['./x.ts'] }));
  expect(errors[0]).toBe('files import each other in a circle: agent/a/x.ts, agent/a/y.ts');
});

test('a circle between folders is found where no file is in one, deep below too', () => {
  const graph = graphOf({
    'agent/pods/deep/one.ts': ['../../volumes/two.ts'],
    'agent/volumes/two.ts': [],
    'agent/volumes/three.ts': ['../pods/four.ts'],
    'agent/pods/four.ts': [],
  });
  expect(importErrors(graph)).toEqual([
    [
      'agent: pods, volumes import each other in a circle:',
      '  agent/pods/deep/one.ts -> agent/volumes/two.ts',
      '  agent/volumes/three.ts -> agent/pods/four.ts',
    ].join('\n'),
  ]);
});

test('a file and the folder beside it are a circle when each imports the other', () => {
  const graph = graphOf({ 'agent/a.ts': ['./b/c.ts'], 'agent/b/c.ts': [], 'agent/b/d.ts': ['../a.ts'] });
  expect(importErrors(graph)).toHaveLength(1);
});
