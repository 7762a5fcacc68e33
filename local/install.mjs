// Plain JavaScript for any Node >= 20: brings the npm packages of package-lock.json, once per lock file.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inTurn } from './install-lock.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/**
 * The Node of package-lock.json, checked by its hash as any package is; npm puts it first in PATH for its scripts. npm has it for Linux:
 * elsewhere this one must do.
 */
const nodePackage = `node_modules/node-${process.platform}-${process.arch}`;
const hasPackage = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
export const node = hasPackage ? join(root, nodePackage, 'bin/node') : process.execPath;

export function installPackages() {
  const [major] = process.versions.node.split('.').map(Number);
  const oldest = hasPackage ? 20 : 24;
  if (major < oldest) fail(`Node ${process.versions.node} is too old to start it: install Node ${oldest} or newer`);
  if (isInstalled()) return;
  const waits = (pid) => console.error(`zeroplane: waiting for process ${pid}, which installs the npm packages`);
  // Two that install into one folder take away each other's files.
  inTurn(root, 'install', waits, () => {
    if (isInstalled()) return;
    console.error('zeroplane: installing npm packages (once, as package-lock.json says)');
    run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], 'npm ci');
  });
}

/** Whether npm's own record of what it installed has every package of the lock file, at its version. */
function isInstalled() {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(node) || !existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(
    // Optional packages are those of other systems, too; this system's Node is not to be done without.
    ([path, { version, optional }]) =>
      path === '' || (optional && path !== nodePackage) || present[path]?.version === version,
  );
}

export function generate() {
  run(node, [join(root, 'core/api/generate/main.ts')], 'generating the schema');
}

/** Runs to the end with its output on stderr; ends this process when it fails. */
function run(command, args, what) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.error) fail(`${what}: ${result.error.message}`);
  if (result.status !== 0) fail(`${what} failed with exit code ${result.status}`);
}

function fail(message) {
  console.error(`zeroplane: ${message}`);
  process.exit(1);
}
