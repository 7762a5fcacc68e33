// What a cluster writes is for its owner alone, and what it starts knows nothing of who started it.

import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processFiles, runningPid } from '../../local/process.ts';
import { type ControlPlane, planControlPlane } from '../tools/control-plane.ts';
import { tried } from '../tools/tried.ts';

const secret = 'ZEROPLANE_PLANTED_SECRET';
let cluster: ControlPlane;

beforeAll(async () => {
  cluster = await planControlPlane();
  // Another user made it, and left it open: what lies in it must not be.
  mkdirSync(cluster.dataDir, { recursive: true });
  chmodSync(cluster.dataDir, 0o755);
  process.env[secret] = 'of whoever starts it';
  const { code, stderr } = await cluster.up();
  delete process.env[secret];
  expect(code, stderr).toBe(0);
});
afterAll(() => cluster.remove());

/** Everything below a directory that others than its owner may open. */
function openToOthers(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => {
      tried('files of a data directory');
      return (statSync(path).mode & 0o077) !== 0;
    });
}

describe('a cluster', () => {
  it('keeps keys, state, logs, sockets and kubeconfigs to its owner', async () => {
    expect(openToOthers(cluster.dataDir)).toEqual([]);
    const backup = join(cluster.dataDir, 'backup.db');
    expect(await cluster.zeroplane('backup', backup)).toMatchObject({ code: 0 });
    expect(statSync(backup).mode & 0o777).toBe(0o600);
  });

  it('closes what an older version left open', async () => {
    const files = ['state.db', 'admin.kubeconfig'].map((name) => join(cluster.dataDir, name));
    expect(await cluster.down()).toMatchObject({ code: 0 });
    for (const file of files) chmodSync(file, 0o644);
    expect(await cluster.up()).toMatchObject({ code: 0 });
    expect(openToOthers(cluster.dataDir)).toEqual([]);
  });

  it('runs its control plane without the rights of root that it does not need', () => {
    const pid = runningPid(processFiles(cluster.dataDir, 'control-plane'));
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1] ?? '';
    expect(field('NoNewPrivs')).toBe('1');
    // CAP_DAC_OVERRIDE (1) and CAP_NET_BIND_SERVICE (10), capability.h.
    const allowed = (1n << 1n) | (1n << 10n);
    for (const name of ['CapEff', 'CapPrm', 'CapBnd', 'CapInh'])
      expect([name, BigInt(`0x${field(name)}`) & ~allowed]).toEqual([name, 0n]);
    tried('rights that the control plane has not', 4);
  });

  it('starts its processes without the environment of who started it', () => {
    const pid = runningPid(processFiles(cluster.dataDir, 'control-plane'));
    const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .map((each) => each.split('=')[0]);
    expect(names).toContain('PATH');
    expect(names).not.toContain(secret);
    tried('secrets in the environment of a child');
  });
});
