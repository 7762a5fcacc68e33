// Makes `zeroplane` as one file for Linux: Node with the program in it, for a machine that has neither. Packed with gzip beside its
// checksum, as the API server gives it to machines that become nodes (functions/apiserver/install).

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { programFile, sumsFile, unpackedProgram, unpackedSumsFile } from '../../core/node/agent-program.ts';
import { run } from '../../core/process/run.ts';
import { fingerprint } from '../bundle.ts';
import { agentProgramsDir } from '../control-plane/agent-programs.ts';
import { packaged } from '../packaged.ts';
import { withResource } from './elf-note.ts';
import { type Architecture, nodeExecutable } from './node-package.ts';

const root = join(import.meta.dirname, '../..');

const ownArchitecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** Node's own marks in its executable. Source: Node's documentation of single executable applications. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const resourceName = 'NODE_SEA_BLOB';

/** Where `npm run release` puts them. */
export const releaseDir = join(root, 'dist/release');
/** Of the sources that they were made of. */
const sourcesFile = 'SOURCES';

/** Writes the packed programs and SHA256SUMS into `directory`, in place of what is there. Rejects with UserError. */
export async function release(
  architectures: readonly Architecture[],
  say: (line: string) => void,
  directory = releaseDir,
): Promise<void> {
  const partial = `${directory}.${process.pid}`;
  const sources = sourcesNow();
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  try {
    say('bundling');
    const blob = await makeBlob();
    const sums: string[] = [];
    const unpackedSums: string[] = [];
    for (const architecture of architectures) {
      say(`packing for linux/${architecture}`);
      const unpacked = executable(await nodeExecutable(architecture), blob);
      const program = gzipSync(unpacked, { level: 4 });
      const file = programFile(architecture);
      writeFileSync(join(partial, file), program);
      // Of what it becomes too: by that an agent knows whether it is this one.
      sums.push(sumLine(program, file));
      unpackedSums.push(sumLine(unpacked, unpackedProgram(architecture)));
    }
    writeFileSync(join(partial, sumsFile), sums.join(''));
    writeFileSync(join(partial, unpackedSumsFile), unpackedSums.join(''));
    writeFileSync(join(partial, sourcesFile), sources);
    rmSync(directory, { recursive: true, force: true });
    renameSync(partial, directory);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function sourcesNow(): string {
  return packaged()?.contents.fingerprint ?? fingerprint('cli');
}

function sumLine(bytes: Uint8Array, file: string): string {
  return `${createHash('sha256').update(bytes).digest('hex')}  ${file}\n`;
}

/** The program as Node finds it in its own executable; the same for every architecture. */
async function makeBlob(): Promise<Buffer> {
  const work = mkdtempSync(join(tmpdir(), 'zeroplane-release-'));
  try {
    const ready = packaged();
    const main = ready?.single ?? join(work, 'main.cjs');
    // The package runs on any newer Node; the form of a blob is that of the Node that it goes into.
    const node = ready ? join(work, 'node') : process.execPath;
    if (ready) writeFileSync(node, await nodeExecutable(ownArchitecture), { mode: 0o700 });
    else writeFileSync(main, await bundle());
    const output = join(work, 'blob');
    const config = join(work, 'sea.json');
    // Code caches and snapshots are of one architecture.
    const settings = { main, output, disableExperimentalSEAWarning: true, useSnapshot: false, useCodeCache: false };
    writeFileSync(config, JSON.stringify(settings));
    await run(node, ['--experimental-sea-config', config]);
    return readFileSync(output);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The program in one file, CommonJS. */
export async function bundle(): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['cli/single.ts'],
    bundle: true,
    // What a single executable runs.
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    charset: 'ascii',
    // What only a checkout can do.
    external: ['esbuild'],
    write: false,
    logLevel: 'error',
  });
  const [made] = outputFiles;
  if (!made) throw new Error('esbuild made nothing');
  return made.text;
}

function executable(node: Buffer, blob: Buffer): Buffer {
  const made = withResource(node, resourceName, blob);
  const at = made.indexOf(`${fuse}:0`);
  if (at < 0 || made.indexOf(`${fuse}:0`, at + 1) >= 0) throw new Error('this Node makes no single executables');
  made.write('1', at + fuse.length + 1);
  return made;
}

/** The cluster of `dataDir` gives out what the sources of now make, at least for machines like this one. */
export async function ensureReleased(dataDir: string, say: (line: string) => void): Promise<void> {
  const read = (directory: string, file: string) =>
    existsSync(join(directory, file)) ? readFileSync(join(directory, file), 'utf8') : '';
  const target = agentProgramsDir(dataDir);
  if (packaged()) {
    if (read(target, sourcesFile) !== sourcesNow()) await release([ownArchitecture], say, target);
    return;
  }
  if (read(releaseDir, sourcesFile) !== sourcesNow()) await release([ownArchitecture], say);
  if (read(target, sumsFile) === read(releaseDir, sumsFile)) return;
  const partial = `${target}.${process.pid}`;
  cpSync(releaseDir, partial, { recursive: true });
  rmSync(target, { recursive: true, force: true });
  renameSync(partial, target);
}
