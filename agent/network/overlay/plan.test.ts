import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hubLabel, seenFrom, wireGuardKey } from '../../../core/node/pod-network.ts';
import type { V1Node } from '../../../generated/kubernetes.ts';
import { networkPlan } from './plan.ts';

interface Given {
  readonly inner: string;
  readonly outer?: string;
  readonly seen?: string;
  readonly hub?: boolean;
  readonly key?: string | null;
  readonly provider?: string;
  readonly ready?: boolean;
}

const keyOf = (name: string) => `${Buffer.from(name.padEnd(32, '.')).toString('base64')}`;
const numberOf = (name: string) => name.charCodeAt(0) - 96;
const rangeOf = (name: string) => `10.244.${numberOf(name)}.0/24`;

function node(name: string, { inner, outer, seen, hub, key = keyOf(name), provider, ready = true }: Given): V1Node {
  return {
    metadata: {
      name,
      annotations: { ...(key !== null && { [wireGuardKey]: key }), ...(seen !== undefined && { [seenFrom]: seen }) },
      labels: hub ? { [hubLabel]: 'true' } : {},
    },
    spec: { podCIDR: rangeOf(name), ...(provider !== undefined && { providerID: provider }) },
    status: {
      addresses: [
        { type: 'InternalIP', address: inner },
        ...(outer === undefined ? [] : [{ type: 'ExternalIP', address: outer }]),
      ],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}

/** What `name` does with the others, by their names; each machine is on a /24 with its own address. */
function plan(name: string, given: Readonly<Record<string, Given>>, tunnels = true) {
  const nodes = Object.entries(given).map(([each, what]) => node(each, what));
  const { routes, peers, unreached } = networkPlan({
    nodes,
    nodeName: name,
    links: [`${given[name]?.inner}/24`],
    tunnels,
  });
  const owner = (range: string) => Object.keys(given).find((each) => rangeOf(each) === range) ?? range;
  return {
    routes: Object.fromEntries([...routes].map(([range, via]) => [owner(range), via])),
    peers: Object.fromEntries(
      [...peers.values()].map((peer) => [peer.node, { to: peer.ranges.map(owner).join(), at: peer.endpoint }]),
    ),
    unreached: unreached.map((each) => each.node),
    why: unreached.map((each) => each.why).join(),
  };
}

const direct = { a: { inner: '203.0.113.1' }, b: { inner: '203.0.113.2', seen: '203.0.113.2' } };
const office = { inner: '192.168.1.2', seen: '198.51.100.1' };
const home = { inner: '192.168.1.3', seen: '192.0.2.1' };

describe('from a node to another', () => {
  it('go plain packets on one link, and through WireGuard across links, to inner addresses', () => {
    expect(plan('a', direct)).toMatchObject({ routes: { b: '203.0.113.2' }, peers: {}, unreached: [] });
    const subnets = { a: { inner: '10.0.0.1', seen: '10.0.0.1' }, b: { inner: '10.0.1.1', seen: '10.0.1.1' } };
    expect(plan('a', subnets)).toMatchObject({ routes: {}, peers: { b: { to: 'b', at: '10.0.1.1:51820' } } });
    // Two behind one NAT, on one link and on two.
    expect(plan('a', { a: office, b: { ...office, inner: '192.168.1.9' } }).routes).toEqual({ b: '192.168.1.9' });
    expect(plan('a', { a: office, b: { ...office, inner: '192.168.2.9' } }).peers).toMatchObject({
      b: { at: '192.168.2.9:51820' },
    });
  });

  it('goes WireGuard on EC2, whose links carry no addresses of pods', () => {
    const aws = { a: { inner: '10.0.0.1', provider: 'aws:///x/i-1' }, b: { inner: '10.0.0.2', provider: 'aws://' } };
    expect(plan('a', aws)).toMatchObject({ routes: {}, peers: { b: { to: 'b', at: '10.0.0.2:51820' } } });
  });

  it('dials the one behind NAT, and the other waits for it', () => {
    const nodes = { a: { inner: '203.0.113.1' }, b: office };
    expect(plan('b', nodes).peers).toEqual({ a: { to: 'a', at: '203.0.113.1:51820' } });
    expect(plan('a', nodes).peers).toEqual({ b: { to: 'b', at: undefined } });
  });

  it('is dialled what its administrator says, and an inner address that is private only from within', () => {
    const named = { a: office, b: { ...home, outer: '192.0.2.9' } };
    expect(plan('a', named).peers).toEqual({ b: { to: 'b', at: '192.0.2.9:51820' } });
    const within = { a: { inner: '10.0.0.1', seen: '10.0.0.1' }, b: { inner: '172.16.0.2', seen: '10.0.9.9' } };
    expect(plan('b', within).peers).toEqual({ a: { to: 'a', at: '10.0.0.1:51820' } });
    expect(plan('b', { a: { inner: '10.0.0.1', seen: '10.0.0.1' }, b: office }).unreached).toEqual(['a']);
  });

  it('goes through a hub where neither can be dialled, and is told where there is none', () => {
    const nodes = { a: { inner: '203.0.113.1' }, b: office, c: home };
    expect(plan('b', nodes)).toMatchObject({ unreached: ['c'], peers: { a: { to: 'a' } } });
    expect(plan('b', nodes).why).toMatch(/b \(192\.168\.1\.2, seen from 198\.51\.100\.1\).*hub=true.*UDP 51820/);
    const hubbed = { ...nodes, a: { ...nodes.a, hub: true } };
    expect(plan('b', hubbed)).toMatchObject({ unreached: [], peers: { a: { to: 'a,c', at: '203.0.113.1:51820' } } });
    expect(plan('c', hubbed)).toMatchObject({ unreached: [], peers: { a: { to: 'a,b' } } });
    expect(plan('a', hubbed).peers).toEqual({ b: { to: 'b', at: undefined }, c: { to: 'c', at: undefined } });
    // What a hub passes on comes through WireGuard, so what goes to it does too.
    expect(plan('a', { ...direct, b: { ...direct.b, hub: true } }).routes).toEqual({});
  });

  it('goes through another hub while one has failed, on both sides, and through the first where all have', () => {
    const a = { inner: '203.0.113.1', hub: true };
    const nodes = { a, b: office, c: home, d: { ...a, inner: '203.0.114.1' } };
    const through = (given: typeof nodes & Record<string, Given>) =>
      ['b', 'c'].map((name) => Object.entries(plan(name, given).peers).find(([, { to }]) => /b|c/.test(to))?.[0]);
    expect(through(nodes)).toEqual(['a', 'a']);
    expect(through({ ...nodes, a: { ...a, ready: false } as Given & typeof a })).toEqual(['d', 'd']);
    const down = { ready: false } as object;
    expect(through({ ...nodes, a: { ...a, ...down }, d: { ...nodes.d, ...down } })).toEqual(['a', 'a']);
  });

  it('is found for each family: IPv6 by a route where both have it on the link, else through WireGuard, and IPv4 as ever', () => {
    const both = (name: string, six: string | undefined): V1Node => {
      const made = node(name, { inner: `10.0.0.${numberOf(name)}` });
      const ranges = [rangeOf(name), `FD00:0:0:${numberOf(name)}::/64`];
      const addresses = [
        ...(made.status?.addresses ?? []),
        ...(six === undefined ? [] : [{ type: 'InternalIP', address: six }]),
      ];
      return { ...made, spec: { ...made.spec, podCIDRs: ranges }, status: { ...made.status, addresses } };
    };
    const nodes = [both('a', 'fd01::1'), both('b', 'fd01::2'), both('c', undefined), node('d', { inner: '10.0.0.4' })];
    const at = (nodeName: string, links: string[]) => {
      const { routes, peers, unreached } = networkPlan({ nodes, nodeName, links, tunnels: true });
      return { routes: Object.fromEntries(routes), peers: [...peers.values()], unreached };
    };
    expect(at('a', ['10.0.0.1/24', 'fd01::1/64'])).toMatchObject({
      routes: {
        '10.244.2.0/24': '10.0.0.2',
        'fd00:0:0:2::/64': 'fd01::2',
        '10.244.3.0/24': '10.0.0.3',
        '10.244.4.0/24': '10.0.0.4',
      },
      peers: [{ node: 'c', ranges: ['fd00:0:0:3::/64'], endpoint: '10.0.0.3:51820' }],
      unreached: [],
    });
    // Who has no address of its own sends none by the link either, though it sees those of others there.
    const { routes, peers } = at('c', ['10.0.0.3/24', 'fd01::3/64']);
    expect(Object.keys(routes).filter((range) => range.includes(':'))).toEqual([]);
    expect(peers.map(({ ranges }) => ranges)).toEqual([['fd00:0:0:1::/64'], ['fd00:0:0:2::/64']]);
    // A node of one family has no way to another's second.
    expect(Object.keys(at('d', ['10.0.0.4/24', 'fd01::4/64']).routes)).toHaveLength(3);
    expect(at('d', ['10.0.0.4/24', 'fd01::4/64']).peers).toEqual([]);
  });

  it('goes nothing without keys, and that is told', () => {
    const subnets = { a: { inner: '10.0.0.1' }, b: { inner: '10.0.1.1', key: null } };
    expect(plan('a', subnets)).toMatchObject({ peers: {}, routes: {}, unreached: ['b'] });
    expect(plan('a', { ...subnets, b: { inner: '10.0.1.1' } }, false)).toMatchObject({ peers: {}, unreached: ['b'] });
  });
});

describe('what a node says of itself', () => {
  const text = fc.constantFrom('10.0.0.1', '10.0.1.1', '203.0.113.1', '198.51.100.1', '127.0.0.1', 'nonsense', '');
  const names = ['a', 'b', 'c', 'd', 'e'];
  const claims = fc.record({
    inner: text,
    outer: fc.option(text, { nil: undefined }),
    seen: fc.option(text, { nil: undefined }),
    key: fc.oneof(fc.constant(null), fc.constantFrom(...names).map(keyOf), fc.constant('nonsense')),
    hub: fc.boolean(),
  });
  const world = fc.tuple(claims, claims, claims, claims, claims);
  const planned = (given: readonly Given[], nodeName: string) =>
    networkPlan({
      nodes: given.map((each, at) => node(names[at] ?? '', each)),
      nodeName,
      links: ['10.0.0.1/24'],
      tunnels: true,
    });

  it('draws no range but its own, unless its administrator made it a hub', () => {
    fc.assert(
      fc.property(world, (given) => {
        for (const self of names) {
          const { peers, routes } = planned(given, self);
          for (const [key, { node: name, ranges }] of peers) {
            const claimed = given[numberOf(name) - 1];
            expect(claimed?.key).toBe(key);
            expect(key).not.toBe(given[numberOf(self) - 1]?.key);
            if (!claimed?.hub) expect(ranges).toEqual([rangeOf(name)]);
          }
          for (const [range, via] of routes) {
            const owner = names.find((each) => rangeOf(each) === range) ?? '';
            expect(given[numberOf(owner) - 1]?.inner).toBe(via);
          }
          const all = [...[...peers.values()].flatMap(({ ranges }) => ranges), ...routes.keys()];
          expect(new Set(all).size).toBe(all.length);
        }
      }),
    );
  });

  it('makes both of a pair choose the same way, so that what one sends the other takes', () => {
    fc.assert(
      fc.property(world, (given) => {
        const hasKey = (name: string) => given[numberOf(name) - 1]?.key;
        const over = (from: string, to: string) =>
          [...planned(given, from).peers].find(([, { ranges }]) => ranges.includes(rangeOf(to)))?.[0];
        for (const one of names)
          for (const other of names) {
            const [there, back] = [over(one, other), over(other, one)];
            if (there === undefined || one === other) continue;
            // By links only one may know the other.
            if (planned(given, other).routes.has(rangeOf(one))) continue;
            if (there === hasKey(other)) expect(back).toBe(hasKey(one));
            else expect(back).toBe(there);
          }
      }),
    );
  });
});
