// The npm package, packed from these sources, on a file system that has Node, npm and a shell: a cluster's life with it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyLibraries, makeCleanRoot } from '../../local/release/clean-root.ts';
import { npmPackage } from '../../local/release/npm-package.ts';
import { bundle } from '../../local/release/release.ts';
import { tryNpmPackage } from '../../local/release/try-npm-package.ts';

describe.skipIf(process.getuid?.() !== 0)('the npm package (needs root)', { timeout: 400_000 }, () => {
  let folder: string;
  let root: string;
  let npmFile: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zeroplane-npm-test-'));
    npmFile = await npmPackage(folder, await bundle());
    root = makeCleanRoot(folder);
    await copyLibraries(root, process.execPath);
  }, 200_000);
  afterAll(() => {
    for (const each of [folder, root]) if (each) rmSync(each, { recursive: true, force: true });
  });

  it('starts a cluster by npx, upgrades, restores and ends it, without a registry', async () => {
    const said: string[] = [];
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
    await tryNpmPackage({ root, architecture, npmFile, say: (line) => said.push(line) });
    expect(said).toEqual([expect.stringMatching(/^the npm package starts.*, with \d+ commands$/)]);
  });
});
