// `npm run sim -- --cluster ...`: the whole control plane, see cluster/main.ts.
// `npm run sim -- --seed N --events N [--seeds N]`: simulates, prints what was injected and what was checked, and how to do it again.

import { parseArgs } from 'node:util';
import { runCluster } from './cluster/main.ts';
import { simulate } from './simulation.ts';

if (process.argv.includes('--cluster')) process.exit((await runCluster(process.argv.slice(2))) === 0 ? 0 : 1);

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    events: { type: 'string', default: '100000' },
    /** How many seeds, from `seed` on. */
    seeds: { type: 'string', default: '1' },
  },
});
const [first, events, count] = [Number(values.seed), Number(values.events), Number(values.seeds)];
for (const [flag, value] of Object.entries({ seed: first, events, seeds: count }))
  if (!Number.isSafeInteger(value) || value < (flag === 'seed' ? 0 : 1)) {
    console.error(`--${flag} takes a whole number, not ${values[flag as 'seed' | 'events' | 'seeds']}`);
    process.exit(2);
  }

let failures = 0;
for (let seed = first; seed < first + count; seed++) {
  const began = performance.now();
  const report = await simulate({ seed, events });
  const seconds = (performance.now() - began) / 1000;
  const line = (record: Readonly<Record<string, number>>) =>
    Object.entries(record)
      .map(([name, n]) => `${name} ${n}`)
      .join(', ');
  console.log(`seed ${seed}: ${report.events} events, ${(report.virtualMs / 1000).toFixed(0)} s of virtual time`);
  console.log(`  faults    ${line(report.faults)}`);
  console.log(`  answers   ${line(report.outcomes)}`);
  console.log(`  revisions ${report.revisions}, of them ${report.fences} fences`);
  console.log(`  checked   ${line(report.checks)}`);
  console.log(`  ${seconds.toFixed(1)} s, ${Math.round(report.events / seconds)} events/s, history ${report.digest}`);
  console.log(`  ${report.violationCount} violations`);
  for (const violation of report.violations) console.log(`    ${violation}`);
  if (report.violationCount > 0) {
    failures++;
    console.log(`  again: npm run sim -- --seed ${seed} --events ${events}`);
  }
}
process.exit(failures === 0 ? 0 : 1);
