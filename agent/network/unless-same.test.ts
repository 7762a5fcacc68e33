import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1Service } from '../../generated/kubernetes.ts';
import type { Network, NetworkState } from './contract.ts';
import { createNetwork } from './network.ts';
import { pod, service } from './testing/objects.ts';
import { unlessSame } from './unless-same.ts';

describe('unlessSame', () => {
  it('knows what it was given last, object by object', () => {
    const [a, b] = [{}, {}];
    const same = unlessSame();
    expect(same.has([[a, b], ['zone']])).toBe(false);
    expect(same.has([[a, b], ['zone']])).toBe(true);
    expect(same.has([[b, a], ['zone']])).toBe(false);
    expect(same.has([[b, a, {}], ['zone']])).toBe(false);
    expect(same.has([[b], ['zone']])).toBe(false);
    expect(same.has([[b], ['other']])).toBe(false);
    expect(same.has([[b]])).toBe(false);
    expect(same.has([[b]])).toBe(true);
    same.forget();
    expect(same.has([[b]])).toBe(false);
  });
});

describe('the network of a node', () => {
  let directory: string;
  let network: Network;
  let fails = false;
  let loaded: string[] = [];
  let looks = 0;
  /** A Service that counts how often it is looked at. */
  const counted = (): V1Service => {
    const made = service('web', '10.96.0.20');
    return {
      ...made,
      get metadata() {
        looks += 1;
        return made.metadata;
      },
    } as V1Service;
  };
  const empty: NetworkState = {
    ...{ services: [], endpointSlices: [], nodes: [], networkPolicies: [], namespaces: [], pods: [], policyPeers: [] },
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zp-network-'));
    mkdirSync(join(directory, 'network'));
    fails = false;
    loaded = [];
    looks = 0;
    network = createNetwork({
      nodeName: 'n',
      nodeIP: '192.0.2.1',
      podCIDR: '10.244.1.0/24',
      clusterCIDR: '10.244.0.0/16',
      serviceCIDR: '10.96.0.0/16',
      clusterDNS: '10.96.0.10',
      clusterDomain: 'cluster.local',
      dataDir: directory,
      cniConfDir: join(directory, 'cni'),
      run: async (program, args) => {
        if (program === 'nft' && args[1] === '-f') loaded.push(args[2] ?? '');
        if (fails && args[2]?.includes('services')) throw new Error('nft is not there');
        return args.includes('list') ? '{"nftables":[]}' : '';
      },
      onError: () => undefined,
    });
  });
  afterEach(async () => {
    await network.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const servicesLoaded = () => loaded.filter((file) => file.includes('services')).length;
  const policiesLoaded = () => loaded.filter((file) => file.includes('policies')).length;

  it("goes through no Service for a pod's sake", async () => {
    const services = [counted()];
    await network.apply({ ...empty, services });
    expect([looks > 0, servicesLoaded()]).toEqual([true, 1]);
    looks = 0;
    await network.apply({ ...empty, services: [...services], pods: [pod('p', '10.244.1.5', {})] });
    expect(looks).toBe(0);
    await network.apply({ ...empty, services: [...services, service('more', '10.96.0.21')] });
    expect([looks > 0, servicesLoaded()]).toEqual([true, 2]);
  });

  it('looks at no pod where there is no policy, and at the nodes only where these changed', async () => {
    const looked: string[] = [];
    const told = <T extends object>(what: string, object: T): T =>
      new Proxy(object, {
        get: (target, key) => {
          looked.push(`${what} ${String(key)}`);
          return Reflect.get(target, key);
        },
      });
    const nodes = [told('node', { metadata: { name: 'n' }, spec: { podCIDR: '10.244.1.0/24' } })];
    const pods = [told('pod', pod('p', '10.244.1.5', {}, { nodeName: 'n' }))];
    await network.apply({ ...empty, nodes });
    expect(looked).toContain('node spec');
    looked.length = 0;
    await network.apply({ ...empty, nodes: [...nodes], pods });
    // By its labels the node's zone is known, which Services may ask for.
    expect(new Set(looked)).toEqual(new Set(['node metadata']));
    const policy = { metadata: { name: 'all', namespace: 'default' }, spec: { podSelector: {} } };
    await network.apply({ ...empty, nodes, pods, networkPolicies: [policy] });
    expect(looked).toContain('pod spec');
    const before = policiesLoaded();
    // The last one goes: its rules go with it.
    await network.apply({ ...empty, nodes, pods });
    expect(policiesLoaded()).toBe(before + 1);
  });

  it('gives them to the kernel with the next change where that failed', async () => {
    const services = [counted()];
    fails = true;
    await network.apply({ ...empty, services });
    fails = false;
    await network.apply({ ...empty, services });
    // A delta is not tried where nothing is known to be there.
    expect(servicesLoaded()).toBe(2);
  });
});
