import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cgroupFault, kernelFault } from './machine-checks.ts';
import { lockHolder } from './packages.ts';
import { unitText } from './service.ts';

it('says who holds a lock of the package manager, while it is held', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-lock-'));
  const file = join(folder, 'lock');
  writeFileSync(file, '');
  try {
    expect(lockHolder([file])).toBeUndefined();
    // As a package manager holds it, until its standard input ends.
    const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo held; cat'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(holder.stdout, 'data');
    expect(lockHolder([join(folder, 'other'), file])).toMatchObject({ file, pid: holder.pid, name: 'flock' });
    holder.stdin.end();
    await once(holder, 'exit');
    expect(lockHolder([file])).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it.each([
  ['4.19.0-26-amd64', 'older than 5.4'],
  ['5.3.18', 'older than 5.4'],
  ['5.4.0-1', undefined],
  ['6.1.0-30-cloud-amd64', undefined],
])('kernel %s: %s', (release, fault) => {
  if (fault === undefined) expect(kernelFault(release)).toBeUndefined();
  else expect(kernelFault(release)).toContain(fault);
});

it('knows the control groups of both versions', () => {
  expect(cgroupFault('cpuset cpu io memory hugetlb pids\n', '0::/\n')).toBeUndefined();
  expect(cgroupFault('', '4:memory:/\n3:cpu,cpuacct:/\n2:pids:/\n0::/\n')).toBeUndefined();
  expect(cgroupFault('cpuset cpu io pids\n', '0::/\n')).toContain('no control group controllers memory here');
});

it('writes a unit whose words systemd reads as they were given, with no right that the agent does not need', () => {
  const text = unitText(
    ['/usr/local/bin/zeroplane', 'agent', '--data-dir', '/data/a b', '--x=50%', '$HOME', 'a"b'],
    '/d',
  );
  expect(text).toContain(
    'ExecStart=/usr/local/bin/zeroplane agent --data-dir "/data/a b" "--x=50%%" "$$HOME" "a\\"b"\n',
  );
  expect(text).toMatch(/^CapabilityBoundingSet=(CAP_[A-Z_]+ ?)+$/m);
  expect(text).not.toContain('CAP_SYS_BOOT');
});
