// Commands that the docs give, run as they stand there: each block that is marked ```sh run, in the order of its page, on a cluster. Every
// other block says why it does not run (blocks.ts).

import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProgram, zeroplaneOn } from '../cli/run-tool.ts';
import { startCluster, type TestCluster } from '../tools/cluster.ts';
import { tool } from '../tools/kubectl.ts';
import { readBlocks } from './blocks.ts';

const root = join(import.meta.dirname, '../..');
const pages = globSync('{README.md,docs/*.md}', { cwd: root })
  .sort()
  .map((page) => ({ page, ...readBlocks(readFileSync(join(root, page), 'utf8')) }));

it('every command of the docs runs here, or says why it does not', () => {
  expect(pages.flatMap(({ page, faults }) => faults.map((fault) => `${page}: ${fault}`))).toEqual([]);
  const run = pages.filter(({ blocks }) => blocks.some(({ runs }) => runs)).map(({ page }) => page);
  for (const page of ['README.md', 'docs/start.md', 'docs/operate.md', 'docs/ci.md']) expect(run).toContain(page);
});

it('every link between pages leads somewhere', () => {
  const anchors = (file: string) =>
    new Set(
      [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
        title
          .toLowerCase()
          .replace(/[^\p{L}\p{N} _-]/gu, '')
          .replaceAll(' ', '-'),
      ),
    );
  const broken = globSync('{README.md,CONTRIBUTING.md,docs/*.md,docs/reference/*.md}', { cwd: root }).flatMap(
    (page) => {
      const from = dirname(join(root, page));
      const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)\s:]*)\)/g)].map(
        ([, link = '']) => link,
      );
      return links
        .filter((link) => {
          const [path = '', anchor] = link.split('#');
          const file = path === '' ? join(root, page) : join(from, path);
          return !existsSync(file) || (anchor !== undefined && file.endsWith('.md') && !anchors(file).has(anchor));
        })
        .map((link) => `${page}: ${link}`);
    },
  );
  expect(broken).toEqual([]);
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
    // As on a machine whose owner has followed the first page.
    await zeroplaneWith('kubeconfig', 'merge', '--switch');
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await cluster?.remove();
  });

  const environment = () => ({
    ...{ HOME: folder, ZEROPLANE_DATA_DIR: cluster.dataDir },
    PATH: `${join(folder, 'bin')}:${dirname(tool('kubectl'))}:${process.env['PATH']}`,
  });
  const zeroplaneWith = async (...args: string[]) => {
    const ran = await startProgram([join(folder, 'bin', 'zeroplane'), ...args], { env: environment() }).ended;
    expect(ran.code, ran.stderr).toBe(0);
  };
  const running = pages.filter(({ blocks }) => blocks.some(({ runs }) => runs));

  it('every metric that a cluster has is in the reference, or told beside it', async () => {
    const scraped = await cluster.kubectl('get', '--raw', '/metrics');
    const told = ['docs/reference/metrics.md', 'docs/metrics.md']
      .map((page) => readFileSync(join(root, page), 'utf8'))
      .join();
    const names = [...scraped.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !told.includes(`\`${name}\``))).toEqual([]);
  });

  it.each(running)('$page', { timeout: 600_000 }, async ({ page, blocks }) => {
    const cwd = join(folder, page.replaceAll('/', '-'));
    // A second try begins anew.
    rmSync(cwd, { recursive: true, force: true });
    mkdirSync(cwd);
    symlinkSync(join(root, 'examples'), join(cwd, 'examples'));
    for (const { text, line, runs } of blocks) {
      if (!runs) continue;
      const ran = await startProgram([...cluster.host.enter, 'sh', '-euc', text], { env: environment(), cwd }).ended;
      expect(ran.code, `${page}, line ${line}: ${text}\n${ran.stdout}${ran.stderr}`).toBe(0);
    }
  });
});
