// The npm package: the whole command line and the programs of a cluster, made once here, for machines that have Node. It depends on no other
// package, so what npm fetches is this one file: `npx zeroplane up` on a machine, `npx zeroplane run ...` in a pipeline.

import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { run } from '../../core/process/run.ts';
import { version } from '../../core/process/version.ts';
import own from '../../package.json' with { type: 'json' };
import { ensureBundles, fingerprint, inAscii, moduleBanner } from '../bundle.ts';
import { type Contents, contentsFile } from '../packaged.ts';
import { locked, nodePackages } from './node-package.ts';
import { noticesFile, thirdPartyNotices } from './notices.ts';

const root = join(import.meta.dirname, '../..');

/** Where Node starts it; an older Node says so, and not what it did not understand. */
const starter = `#!/usr/bin/env node
'use strict';
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(\`zeroplane: Node \${process.versions.node} is too old: install Node 24 or newer, or take zeroplane as one file\`);
  process.exit(1);
}
import('./zeroplane.mjs');
`;

/** Writes `zeroplane-VERSION.tgz` into `directory`, and returns its name. `single`: the bundle of the program as one file. */
export async function npmPackage(directory: string, single: string): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'zeroplane-npm-'));
  try {
    const { name, description, license } = own;
    const manifest = {
      ...{ name, version, description, license, engines: { node: '>=24' }, os: ['linux', 'darwin', 'win32'] },
      ...{ bin: { zeroplane: 'bin/zeroplane.cjs' }, files: ['bin', 'programs', 'examples', noticesFile] },
    };
    writeFileSync(join(work, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    const bin = join(work, 'bin');
    await writeCommandLine(bin);
    writeFileSync(join(bin, 'zeroplane.cjs'), starter, { mode: 0o755 });
    // What machines that join are given is made of it.
    writeFileSync(join(bin, 'single.cjs'), single);
    writeFileSync(join(bin, contentsFile), JSON.stringify(contents()));
    const { agent } = await ensureBundles();
    cpSync(dirname(agent), join(work, 'programs'), { recursive: true });
    cpSync(join(root, 'examples'), join(work, 'examples'), { recursive: true });
    writeFileSync(join(work, noticesFile), thirdPartyNotices(root));
    for (const file of ['LICENSE', 'README.md']) copyFileSync(join(root, file), join(work, file));
    await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory, work], {
      timeoutMs: 300_000,
    });
    return `${name}-${version}.tgz`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function contents(): Contents {
  const names = Object.values(nodePackages);
  return {
    fingerprint: fingerprint('cli'),
    nodePackages: Object.fromEntries(names.map((name) => [name, locked(name)])),
  };
}

/** All commands, each loaded with the parts that it needs: one folder of modules; the one that is started is called as the program is. */
export async function writeCommandLine(directory: string): Promise<void> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: 'cli/main.ts', out: 'zeroplane' }],
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    // No folder of their own: each finds what stands beside the program (local/packaged.ts).
    chunkNames: '[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    // What only a checkout can do.
    external: ['esbuild'],
    banner: { js: moduleBanner },
    write: false,
    logLevel: 'error',
  });
  mkdirSync(directory);
  for (const { path, text } of outputFiles) writeFileSync(join(directory, basename(path)), inAscii(text));
}
