// `npm run test:security`: every test whose path says security, and how many attempts of each kind they made.
// `-- --fuzz 20` makes properties twenty times as long; `-- --unit` leaves real containers out.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCommandLine, withCommandLine } from '../../core/process/command-line.ts';
import { triedFile } from '../tools/tried.ts';

await withCommandLine(async () => {
  const { values } = readCommandLine(
    {
      name: 'npm run test:security --',
      description: 'every test whose path says security, and how many attempts of each kind they made',
      flags: {
        fuzz: { value: 'times', help: 'makes properties so many times as long' },
        unit: { help: 'leaves real containers out' },
      },
    },
    process.argv.slice(2),
  );
  runTests(values);
});

function runTests(values: { readonly fuzz: string | undefined; readonly unit: boolean }): void {
  const scratch = mkdtempSync(join(tmpdir(), 'zeroplane-security-'));
  const file = join(scratch, 'tried');
  const projects = values.unit ? ['unit'] : ['unit', 'e2e'];
  const { status } = spawnSync(
    'npx',
    ['vitest', 'run', ...projects.flatMap((each) => ['--project', each]), 'security'],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, [triedFile]: file, ...(values.fuzz && { ZEROPLANE_FUZZ: values.fuzz }) },
    },
  );

  for (const [kind, times] of [...counts(file)].sort()) console.log(`${String(times).padStart(9)} ${kind}`);
  rmSync(scratch, { recursive: true, force: true });
  process.exitCode = status ?? 1;
}

function counts(path: string): Map<string, number> {
  const sums = new Map<string, number>();
  if (!existsSync(path)) return sums;
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
    // Written by tried.ts.
    const { kind, times } = JSON.parse(line) as { kind: string; times: number };
    sums.set(kind, (sums.get(kind) ?? 0) + times);
  }
  return sums;
}
