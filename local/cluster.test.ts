import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planCluster, saveCluster } from './cluster.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'cluster-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const plan = (podCidr?: string, serviceCidr?: string) => {
  const { podCIDR, serviceCIDR } = planCluster({
    dataDir,
    ...(podCidr !== undefined && { podCidr }),
    ...(serviceCidr !== undefined && { serviceCidr }),
  });
  return [podCIDR, serviceCIDR];
};

describe('the ranges of a cluster', () => {
  it('are of IPv4, or of both families, in their usual form', () => {
    expect(plan()).toEqual(['10.244.0.0/16', '10.96.0.0/16']);
    expect(plan('10.1.0.0/16')).toEqual(['10.1.0.0/16', '10.96.0.0/16']);
    expect(plan('10.1.0.0/16, FD00:0:0::/56', '10.2.0.0/16,fd00:1::/112')).toEqual([
      '10.1.0.0/16,fd00::/56',
      '10.2.0.0/16,fd00:1::/112',
    ]);
  });

  it('are refused with what to give where they are none, too small or large, of one family alone, or of no pods', () => {
    const six = '10.2.0.0/16,fd00:1::/112';
    for (const [pods, services, message] of [
      ['nonsense', undefined, /--pod-cidr: nonsense is no range of addresses: give one such as 10\.32\.0\.0\/16/],
      ['10.244.0.0/25', undefined, /--pod-cidr: 10\.244\.0\.0\/25 is too small: give a range of \/24 or larger/],
      ['10.1.0.0/16,fd00::/65', six, /--pod-cidr: fd00::\/65 is too small: give a range of \/64 or larger/],
      ['10.1.0.0/16,fd00::/47', six, /--pod-cidr: fd00::\/47 is too large: give a range of \/48 or smaller/],
      ['10.1.0.0/16,fe80::/56', six, /fe80::\/56 is no range/],
      ['10.1.0.0/16,ff05::/56', six, /ff05::\/56 is no range/],
      ['fd00::/56', 'fd00:1::/112', /--pod-cidr: fd00::\/56: a cluster has IPv4, or IPv4 and IPv6 in this order/],
      ['fd00::/56,10.1.0.0/16', six, /in this order: give 10\.32\.0\.0\/16, or/],
      ['10.1.0.0/16,10.2.0.0/16', six, /in this order/],
      ['10.1.0.0/16,fd00::/56', undefined, /--service-cidr: 10\.96\.0\.0\/16 is of one family.*fd00:10:96::\/112/],
      [undefined, six, /--pod-cidr: 10\.244\.0\.0\/16 is of one family.*fd00:10:244::\/56/],
    ] as const)
      expect(() => plan(pods, services), `${pods} ${services}`).toThrow(message);
  });

  it('stay what the cluster was made with', () => {
    const given = ['10.1.0.0/16,fd00::/56', '10.2.0.0/16,fd00:1::/112'] as const;
    saveCluster(planCluster({ dataDir, podCidr: given[0], serviceCidr: given[1] }));
    expect(plan()).toEqual(given);
    expect(plan('10.1.0.0/16,FD00::/56')).toEqual(given);
    expect(() => plan('10.1.0.0/16')).toThrow(
      /--pod-cidr: this cluster was made with 10\.1\.0\.0\/16,fd00::\/56 and cannot change to 10\.1\.0\.0\/16: leave the flag out, or take another --data-dir/,
    );
  });
});
