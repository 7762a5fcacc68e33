// The npm package: the same program as the single file, for machines that have Node; `npx zeroplane run ...` in a pipeline.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../core/process/run.ts';
import { version } from '../../core/process/version.ts';
import own from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');

/** Where Node starts it; an older Node says so, and not what it did not understand. */
const starter = `#!/usr/bin/env node
'use strict';
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(\`zeroplane: Node \${process.versions.node} is too old: install Node 24 or newer, or take zeroplane as one file\`);
  process.exit(1);
}
require('./main.cjs');
`;

/** Writes `zeroplane-VERSION.tgz` into `directory`, and returns its name. `program`: the bundle, one CommonJS file. */
export async function npmPackage(directory: string, program: string): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'zeroplane-npm-'));
  try {
    const { name, description, license } = own;
    const manifest = {
      ...{ name, version, description, license, engines: { node: '>=24' }, os: ['linux', 'darwin'] },
      ...{ bin: { zeroplane: 'bin/zeroplane.cjs' }, files: ['bin'] },
    };
    mkdirSync(join(work, 'bin'));
    writeFileSync(join(work, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    writeFileSync(join(work, 'bin/main.cjs'), program);
    writeFileSync(join(work, 'bin/zeroplane.cjs'), starter, { mode: 0o755 });
    for (const file of ['LICENSE', 'README.md']) copyFileSync(join(root, file), join(work, file));
    await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory, work], {
      timeoutMs: 300_000,
    });
    return `${name}-${version}.tgz`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
