// `npm run test:aws`: the tests of this folder, and those of test/conformance that are asked of the functions; with vitest's own arguments. With `--deploy-endpoint URL` instead: a cluster is deployed
// by the CDK toolkit to the emulator of AWS at that URL, looked at, deployed again, and destroyed.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { UserError } from '../../local/user-error.ts';
import { readArguments } from './deploy/endpoint.ts';

try {
  const { endpoint, rest } = readArguments(process.argv.slice(2));
  if (endpoint) {
    const { deployTo } = await import('./deploy/deploy.ts');
    await deployTo(endpoint, (line) => console.log(line));
  } else process.exitCode = runTests(rest);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function runTests(args: readonly string[]): number {
  const vitest = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs');
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', '--project', 'aws', '--project', 'conformance-aws', ...args],
    { stdio: 'inherit' },
  );
  return status ?? 1;
}
