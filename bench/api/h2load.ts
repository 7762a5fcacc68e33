// The gets once more by nghttp2's h2load, where it is installed (Debian: nghttp2-client): another client, which nobody here wrote, says
// whether ours costs what it measures. It sends one body in all requests and joins no answer to its request, so that writes of many
// objects, patches, and watches remain ours alone.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from './client.ts';
import type { CpuMeter, Figure } from './load.ts';

export function hasH2load(): boolean {
  return spawnSync('h2load', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** `concurrency` requests at once over at most `connections` connections, until each of `paths` was got. Throws an Error when one failed. */
export function measureByH2load(
  { server, token }: Target,
  cpu: CpuMeter,
  paths: readonly string[],
  concurrency: number,
  connections: number,
): Figure {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-h2load-'));
  try {
    const uris = join(folder, 'uris');
    writeFileSync(uris, paths.map((path) => `${server}${path}\n`).join(''));
    const clients = Math.min(connections, concurrency);
    const before = cpu();
    const { status, stdout, stderr } = spawnSync(
      'h2load',
      [
        ...['-i', uris, '-n', String(paths.length)],
        ...['-c', String(clients), '-m', String(Math.ceil(concurrency / clients))],
        // The bench's own server and token, which end with it.
        ...['-H', `authorization: Bearer ${token}`],
      ],
      { encoding: 'utf8' },
    );
    const after = cpu();
    const rate = /^finished in [^,]+, ([\d.]+) req\/s/m.exec(stdout)?.[1];
    const answered = /^status codes: (\d+) 2xx/m.exec(stdout)?.[1];
    if (status !== 0 || rate === undefined || Number(answered) !== paths.length)
      throw new Error(`h2load: ${answered ?? 'none'} of ${paths.length} were answered: ${stderr}${stdout}`);
    return {
      name: `ConfigMap get, ${concurrency}, by h2load`,
      value: Math.round(Number(rate)),
      unit: '/s',
      ...(before !== undefined && after !== undefined && { cpu: Math.round(((after - before) * 1000) / paths.length) }),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
