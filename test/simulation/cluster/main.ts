// `npm run sim -- --cluster --seed N [--seconds N] [--seeds N]`: the whole control plane on a virtual clock.

import { readCommandLine } from '../../../core/process/command-line.ts';
import { simulateCluster } from './simulation.ts';

/** Returns how many seeds failed. */
export async function runCluster(args: readonly string[]): Promise<number> {
  const { values } = readCommandLine(
    {
      name: 'npm run sim --',
      description: 'the whole control plane on a virtual clock, from a seed',
      flags: {
        cluster: { help: 'this simulation, and not the one of the store' },
        seed: { value: 'number', help: 'the first', default: '1' },
        seconds: { value: 'seconds', help: 'of virtual time', default: '1800' },
        seeds: { value: 'count', help: 'how many seeds, from the first on', default: '1' },
      },
    },
    args,
  );
  const numbers = { seed: Number(values.seed), seconds: Number(values.seconds), seeds: Number(values.seeds) };
  for (const [flag, value] of Object.entries(numbers))
    if (!Number.isSafeInteger(value) || value < (flag === 'seed' ? 0 : 1)) {
      console.error(`--${flag} takes a whole number, not ${values[flag as keyof typeof numbers]}`);
      return 1;
    }

  let failures = 0;
  for (let seed = numbers.seed; seed < numbers.seed + numbers.seeds; seed++) {
    const began = performance.now();
    const report = await simulateCluster({ seed, seconds: numbers.seconds });
    const seconds = (performance.now() - began) / 1000;
    const line = (record: Readonly<Record<string, number>>) =>
      Object.entries(record)
        .map(([name, n]) => `${name} ${n}`)
        .join(', ');
    console.log(
      `seed ${seed}: ${report.events} events, ${report.commits} commits, ${(report.virtualMs / 1000).toFixed(0)} s of virtual time`,
    );
    console.log(`  users     ${line(report.actions)}`);
    console.log(`  faults    ${line(report.faults)}`);
    console.log(`  checked   ${line(report.checks)}`);
    console.log(`  ${seconds.toFixed(1)} s, history ${report.digest}`);
    const wrong = [...report.violations, ...new Set(report.problems.map((each) => `logged: ${each}`))];
    console.log(`  ${wrong.length} violations`);
    for (const each of wrong.slice(0, 40)) console.log(`    ${each}`);
    if (wrong.length > 0) {
      failures++;
      console.log(`  again: npm run sim -- --cluster --seed ${seed} --seconds ${numbers.seconds}`);
    }
  }
  return failures;
}
