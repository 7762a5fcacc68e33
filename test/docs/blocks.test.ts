import { expect, it } from 'vitest';
import { readBlocks } from './blocks.ts';

const fence = (info: string, ...lines: string[]) => [`\`\`\`${info}`, ...lines, '```'].join('\n');

it('finds the commands of a page', () => {
  const page = [
    '# A page',
    fence('sh run', 'kubectl get nodes', 'zeroplane status'),
    fence('sh', '# Not run in the tests: needs AWS', 'npx cdk deploy'),
    fence('yaml', 'kubectl: no command'),
  ].join('\n\n');
  expect(readBlocks(page)).toEqual({
    blocks: [
      { line: 3, text: 'kubectl get nodes\nzeroplane status\n', runs: true },
      { line: 8, text: '# Not run in the tests: needs AWS\nnpx cdk deploy\n', runs: false },
    ],
    faults: [],
  });
});

it.each([
  ['a block of no language', fence('', 'npm run up')],
  ['a block of another shell', fence('bash', 'kubectl get pods')],
  ['one that does not say why it is not run', fence('sh', 'npx cdk deploy')],
  ['one that gives no reason', fence('sh', '# Not run in the tests:', 'npx cdk deploy')],
  ['four spaces', '\n    kubectl get pods\n'],
])('refuses commands in %s', (_, page) => {
  const { blocks, faults } = readBlocks(`text\n${page}`);
  expect(blocks).toEqual([]);
  expect(faults).toHaveLength(1);
});

it('leaves what is no command', () => {
  expect(
    readBlocks(`${fence('', 'some output')}\n\n    a quoted answer\n\n${fence('mermaid', 'flowchart TB')}`),
  ).toEqual({ blocks: [], faults: [] });
});
