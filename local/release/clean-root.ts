// Tries what was released where nothing else is: a root file system with busybox, the C library that the programs need, and no more.

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseJson } from '../../core/machinery/json.ts';
import { programFile, sumsFile } from '../../core/node/agent-program.ts';
import { CommandError, run } from '../../core/process/run.ts';
import { version } from '../../core/process/version.ts';
import { UserError } from '../user-error.ts';
import type { Architecture } from './node-package.ts';
import { tryNpmPackage } from './try-npm-package.ts';

/** What the programs of busybox are called there. */
const applets = ['sh', 'sha256sum', 'gzip', 'tar', 'ls', 'env', 'test', 'mkdir'];

export interface TryOptions {
  /** What was released. */
  readonly directory: string;
  readonly architecture: Architecture;
  /** The npm package's file. */
  readonly npmFile: string;
  readonly say: (line: string) => void;
}

/** Rejects with UserError that says what does not work there. Needs root, for chroot. */
export async function tryOnCleanRoot({ directory, architecture, npmFile, say }: TryOptions): Promise<void> {
  const root = makeCleanRoot(directory);
  try {
    const program = join(root, 'usr/local/bin/zeroplane');
    writeFileSync(program, gunzipSync(readFileSync(join(directory, programFile(architecture)))), { mode: 0o755 });
    await copyLibraries(root, program);

    const inside = async (...command: string[]) => {
      try {
        return (
          await run('chroot', [root, '/bin/env', '-i', 'HOME=/root', 'PATH=/usr/local/bin:/bin', ...command], {
            timeoutMs: 120_000,
          })
        ).stdout;
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        throw new UserError(`on a clean root file system: ${error.message}`);
      }
    };
    await inside('sh', '-c', `cd /release && sha256sum -c ${sumsFile}`);
    say('checksums hold');
    await expectVersion('the single file', await inside('zeroplane', 'version', '-o', 'json'));
    const commands = parseJson(await inside('zeroplane', 'help', '-o', 'json'));
    if (!Array.isArray(commands) || commands.length < 10)
      throw new UserError('the single file has few commands on a clean root file system');
    await inside('zeroplane', 'agent', '--help');
    say(`the single file for linux/${architecture} runs, with ${commands.length} commands`);

    await tryNpmPackage({ root, architecture, npmFile, say });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Its path; with what is in `directory` in /release. The caller removes it. */
export function makeCleanRoot(directory: string): string {
  const root = mkdtempSync(join(tmpdir(), 'zeroplane-root-'));
  for (const each of ['bin', 'tmp', 'proc', 'dev', 'etc', 'root', 'release', 'usr/bin', 'usr/local/bin'])
    mkdirSync(join(root, each), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of applets) symlinkSync('busybox', join(root, 'bin', applet));
  symlinkSync('/bin/busybox', join(root, 'usr/bin/env'));
  writeFileSync(join(root, 'dev/null'), '');
  cpSync(directory, join(root, 'release'), { recursive: true });
  return root;
}

async function expectVersion(what: string, text: string): Promise<void> {
  const { version: said } = { version: undefined, ...(parseJson(text) as object) };
  if (said !== version)
    throw new UserError(`${what} says that it is version ${JSON.stringify(said)}, and ${version} was released`);
}

/** Those that the executable names, and what loads them. Source: ldd(1). */
export async function copyLibraries(root: string, program: string): Promise<void> {
  const { stdout } = await run('ldd', [program]);
  for (const [file] of stdout.matchAll(/(?<=\s)\/\S+(?= \(0x)/g)) {
    const target = join(root, file);
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(file), target);
  }
}
