// `npm run sim -- --cluster ...`: the whole control plane, see cluster/main.ts.
// `npm run sim -- --seed N --events N [--seeds N]`: simulates, prints what was injected and what was checked, and how to do it again.

import { readCommandLine, withCommandLine } from '../../core/process/command-line.ts';
import { runCluster } from './cluster/main.ts';
import { simulate } from './simulation.ts';

await withCommandLine(async () => {
  const args = process.argv.slice(2);
  const failures = args.includes('--cluster') ? await runCluster(args) : await runStore(args);
  process.exit(failures === 0 ? 0 : 1);
});

/** Returns how many seeds failed. */
async function runStore(args: readonly string[]): Promise<number> {
  const { values } = readCommandLine(
    {
      name: 'npm run sim --',
      description:
        'the store, its replicas and the log among faults, from a seed (--cluster: the whole control plane, see its own --help)',
      flags: {
        seed: { value: 'number', help: 'the first', default: '1' },
        events: { value: 'count', help: 'of each seed', default: '100000' },
        seeds: { value: 'count', help: 'how many seeds, from the first on', default: '1' },
      },
    },
    args,
  );
  const [first, events, count] = [Number(values.seed), Number(values.events), Number(values.seeds)];
  for (const [flag, value] of Object.entries({ seed: first, events, seeds: count }))
    if (!Number.isSafeInteger(value) || value < (flag === 'seed' ? 0 : 1)) {
      console.error(`--${flag} takes a whole number, not ${values[flag as 'seed' | 'events' | 'seeds']}`);
      return 1;
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
  return failures;
}
