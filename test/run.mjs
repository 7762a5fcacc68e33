// `npm test`: installs what is missing (npm packages; Debian packages when root), checks the source, runs every suite, and
// ends with the counts. Says which tests did not run, and why.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { generate, installPackages, node, root } from '../local/install.mjs';

installPackages();
generate();
const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` };
const scratch = mkdtempSync(join(tmpdir(), 'zeroplane-test-'));
const totals = { passed: 0, failed: 0, skipped: 0 };
/** What failed, said once more at the end: the output before is long. */
const failures = [];
/** What passed only when it was tried again: it may be a race in the product, so somebody must look. */
const secondTries = [];

if (process.getuid?.() === 0) await run('Debian packages', node, [join(root, 'test/tools/install-packages.ts')]);
await run('check', 'npm', ['run', '--silent', 'check']);
await run('simulation', node, ['test/simulation/main.ts', '--seed', '1', '--events', '50000']);
await vitest('unit');
// The functions behind a gateway wait for each other more than they compute, and so do clusters for their containers, and commands for
// clusters: side by side they keep both processors busy. What the first of them says is held back until it has ended.
await Promise.all([vitest('aws', 'later'), vitest('e2e').then(() => vitest('cli'))]);

rmSync(scratch, { recursive: true, force: true });
for (const test of secondTries) console.log(`passed at the second try ${test}`);
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);

/** A step that counts as one test. */
async function run(title, command, args) {
  const began = Date.now();
  const { status } = await spawned(command, args);
  console.log(`${status === 0 ? 'ok' : 'FAILED'}: ${title} (${took(began)})`);
  totals[status === 0 ? 'passed' : 'failed'] += 1;
  if (status !== 0) failures.push(title);
}

/** To its end. `later`: what it says is shown when it has ended. */
function spawned(command, args, later) {
  const child = spawn(command, args, {
    cwd: root,
    env,
    stdio: ['ignore', later ? 'pipe' : 'inherit', later ? 'pipe' : 'inherit'],
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => said.push(chunk));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ status: 1, said: String(error) }));
    child.once('close', (status) => resolve({ status, said: Buffer.concat(said).toString() }));
  });
}

function took(began) {
  return `${((Date.now() - began) / 1000).toFixed(0)} s`;
}

async function vitest(project, later) {
  const began = Date.now();
  const report = join(scratch, `${project}.json`);
  const args = [
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  const { status, said } = await spawned('npx', args, later);
  if (said) process.stdout.write(said);
  console.log(`${project}: ${took(began)}`);
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  totals.passed += results?.numPassedTests ?? 0;
  totals.skipped += (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0);
  // A suite that broke before its tests, or no report at all, must not pass for green.
  const failed = results?.numFailedTests ?? 0;
  totals.failed += status === 0 ? failed : Math.max(failed, 1);
  if (status !== 0 && failed === 0) failures.push(`${project}: vitest ended with ${status}`);
  for (const file of results?.testResults ?? []) {
    const name = relative(root, file.name);
    const broken = file.assertionResults.filter((each) => each.status === 'failed');
    for (const test of file.assertionResults.filter((each) => each.status === 'passed'))
      if (test.failureMessages.length > 0) secondTries.push(`${name}: ${test.fullName}: ${test.failureMessages[0]}`);
    for (const test of broken)
      failures.push(`${name}: ${test.fullName}\n${test.failureMessages.join('\n').slice(0, 2000)}`);
    if (file.status === 'failed' && broken.length === 0) failures.push(`${name}: ${file.message.slice(0, 2000)}`);
    for (const test of file.assertionResults.filter((each) => each.status === 'pending' || each.status === 'skipped')) {
      console.log(`did not run: ${test.fullName}`);
    }
  }
}
