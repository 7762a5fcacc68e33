// `npm run bench -- NAME [options]`: runs one benchmark, which prints a table and writes JSON to bench/results/.

import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { withCommandLine } from '../core/process/command-line.ts';

const names = readdirSync(import.meta.dirname).filter(
  (name) => statSync(join(import.meta.dirname, name)).isDirectory() && name !== 'results',
);
const [name = '', ...args] = process.argv.slice(2);
const file = join(import.meta.dirname, name, 'main.ts');
if (!names.includes(name) || !existsSync(file)) {
  console.error(`usage: npm run bench -- NAME, where NAME is one of ${names.join(', ')}`);
  process.exit(1);
}
const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
console.log(machine);
// as: every benchmark exports run.
const { run } = (await import(file)) as { run: (args: readonly string[]) => Promise<unknown> };
await withCommandLine(async () => {
  const results = await run(args);
  const directory = join(import.meta.dirname, 'results');
  mkdirSync(directory, { recursive: true });
  const text = JSON.stringify({ machine, date: new Date().toISOString(), results }, null, 2);
  writeFileSync(join(directory, `${name}.json`), `${text}\n`);
});
