// Commands that the docs give, run as they stand there: each block that is marked ```sh run, in the order of its page, on a cluster.

import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProgram, zeroplaneOn } from '../cli/run-tool.ts';
import { startCluster, type TestCluster } from '../tools/cluster.ts';
import { tool } from '../tools/kubectl.ts';

const root = join(import.meta.dirname, '../..');
const pages = globSync('{README.md,docs/*.md}', { cwd: root })
  .map((page) => ({ page, blocks: blocksOf(readFileSync(join(root, page), 'utf8')) }))
  .filter(({ blocks }) => blocks.length > 0);

function blocksOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh run\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

it('there are commands to run', () => {
  expect(pages.map(({ page }) => page)).toContain('docs/ci.md');
});

describe.skipIf(process.getuid?.() !== 0)('commands of the docs (needs root)', () => {
  let cluster: TestCluster;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zeroplane-docs-'));
    cluster = await startCluster('zpdocs', '10.215.3');
    mkdirSync(join(folder, 'bin'));
    const [, , node = '', main = ''] = zeroplaneOn(cluster);
    writeFileSync(join(folder, 'bin', 'zeroplane'), `#!/bin/sh\nexec ${node} ${main} "$@"\n`, { mode: 0o755 });
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await cluster?.remove();
  });

  it.each(pages)('$page', async ({ page, blocks }) => {
    const cwd = join(folder, page.replaceAll('/', '-'));
    mkdirSync(cwd);
    const PATH = `${join(folder, 'bin')}:${dirname(tool('kubectl'))}:${process.env['PATH']}`;
    for (const block of blocks) {
      const env = { HOME: folder, PATH, KUBECONFIG: cluster.kubeconfig };
      const ran = await startProgram([...cluster.host.enter, 'sh', '-euc', block], { env, cwd }).ended;
      expect(ran.code, `${block}\n${ran.stdout}${ran.stderr}`).toBe(0);
    }
  });
});
