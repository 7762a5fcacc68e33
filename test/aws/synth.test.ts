// `npx cdk synth` of the sources alone, where there is no network. The packages are those that are installed; about 30 s.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleNames, functionNames } from '../../infra/function-rows.ts';

const root = join(import.meta.dirname, '../..');
const isRoot = process.getuid?.() === 0;

// Only root makes a network namespace everywhere.
describe.skipIf(!isRoot)('cdk synth in a clean clone without a network', () => {
  let folder: string;
  const inside = (file: string, ...args: string[]) =>
    execFileSync('unshare', ['--net', file, ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'zeroplane-clone-'));
    // What a commit of this tree would hold.
    const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    for (const file of execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0'))
      if (file && existsSync(join(root, file))) cpSync(join(root, file), join(folder, file));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('makes the template and the bundles', { timeout: 600_000 }, () => {
    const addresses = 'console.log(Object.values(os.networkInterfaces()).flat().length)';
    expect(inside(process.execPath, '-e', addresses).trim()).toBe('0');
    inside('npx', 'cdk', 'synth', '--quiet', '-c', 'workers=2');
    const template = JSON.parse(readFileSync(join(folder, 'cdk.out/zeroplane-zeroplane.template.json'), 'utf8'));
    const types = Object.values<{ Type: string }>(template.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(functionNames.length);
    expect(types).toContain('AWS::AutoScaling::AutoScalingGroup');
    for (const bundle of [...bundleNames, 'agent'])
      expect(existsSync(join(folder, '.zeroplane/functions', bundle, 'index.mjs'))).toBe(true);
  });
});
