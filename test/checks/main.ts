// `npm run check`: what is generated, then every check beside the others. Prints what failed, whole, and what each took.

import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The longest first. Each is a script of package.json too, for one alone. */
const checks = ['check:lint', 'check:types', 'check:names', 'check:dead', 'check:docs', 'check:structure'] as const;

interface Ended {
  readonly check: string;
  readonly failed: boolean;
  readonly output: string;
  readonly seconds: number;
}

const generated = spawnSync('npm', ['run', '--silent', 'generate'], { cwd: root, stdio: 'inherit' });
if (generated.status !== 0) process.exit(1);
const began = performance.now();
const ended = await Promise.all(checks.map(run));
for (const { check, failed, output } of ended) if (failed) console.log(`\n${check} failed:\n${output}`);
const times = ended.map(({ check, seconds }) => `${check} ${seconds.toFixed(1)} s`).join(', ');
console.log(`${((performance.now() - began) / 1000).toFixed(1)} s: ${times}`);
process.exitCode = ended.some(({ failed }) => failed) ? 1 : 0;

async function run(check: string): Promise<Ended> {
  const start = performance.now();
  const child = spawn('npm', ['run', '--silent', check], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const failed = await new Promise<boolean>((resolve) => {
    child.on('error', () => resolve(true));
    child.on('close', (code) => resolve(code !== 0));
  });
  return { check, failed, output: Buffer.concat(output).toString(), seconds: (performance.now() - start) / 1000 };
}
