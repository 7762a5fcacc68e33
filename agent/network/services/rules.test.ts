import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4 } from '../nft/family.ts';
import { delta, load, type Ruleset } from '../nft/ruleset.ts';
import { service, slice } from '../testing/objects.ts';
import { serviceRules } from './rules.ts';
import { servicePorts } from './service-port.ts';

const table = { family: 'ip', name: 't' } as const;
const network = {
  family: ipv4,
  podCIDR: '10.244.1.0/24',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  clusterDNS: '10.96.0.10',
  bridge: 'zp-pods',
};
const rules = (services: Parameters<typeof servicePorts>[0], slices: Parameters<typeof servicePorts>[1]) =>
  serviceRules(servicePorts(services, slices, { nodeName: 'node-1' }), network);

/** What is in `ruleset` beyond the rules that every node has. */
function own(ruleset: Ruleset) {
  const none = rules([], []);
  return {
    chains: Object.fromEntries(
      [...ruleset.chains].filter(([name]) => !none.chains.has(name)).map(([name, { rules }]) => [name, rules]),
    ),
    sets: Object.fromEntries(
      [...ruleset.sets]
        .filter(([, set]) => set.elements.size > 0)
        .map(([name, set]) => [name, [...set.elements.keys()]]),
    ),
  };
}

describe('the rules of Services', () => {
  it('for a cluster address: one lookup, a mark for clients outside the cluster, one random choice', () => {
    const { chains, sets } = own(
      rules([service('web', '10.96.1.1')], [slice('web', [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }])]),
    );
    expect(sets).toEqual({
      'service-ips': ['10.96.1.1/tcp/80'],
      'cluster-ips': ['10.96.1.1'],
      'hairpin-connections': ['10.0.0.1', '10.0.0.2'],
    });
    expect(
      Object.values(chains)
        .flat()
        .map((rule) => JSON.stringify(rule)),
    ).toEqual([
      '[{"match":{"op":"!=","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":{"prefix":{"addr":"10.244.0.0","len":16}}}},{"jump":{"target":"mark-for-masquerade"}}]',
      '[{"match":{"op":"==","left":{"meta":{"key":"l4proto"}},"right":"tcp"}},{"dnat":{"family":"ip","addr":{"map":{"key":{"numgen":{"mode":"random","mod":2,"offset":0}},"data":{"set":[[0,{"concat":["10.0.0.1",8080]}],[1,{"concat":["10.0.0.2",8080]}]]}}}}}]',
    ]);
  });

  it('for no endpoint: a refusal; for none on this node under a Local policy: a drop', () => {
    const port = { name: 'http', port: 80, protocol: 'TCP', nodePort: 30080 };
    const idle = rules([service('web', '10.96.1.1', { type: 'NodePort', ports: [port] })], []);
    expect(idle.sets.get('no-endpoint-services')?.elements.get('10.96.1.1/tcp/80')?.value).toEqual({
      goto: { target: 'reject-service' },
    });
    expect(idle.sets.get('no-endpoint-nodeports')?.elements.get('tcp/30080')?.value).toEqual({
      goto: { target: 'reject-service' },
    });
    const local = service('web', '10.96.1.1', { internalTrafficPolicy: 'Local' });
    const far = rules([local], [slice('web', [{ ip: '10.0.0.1', nodeName: 'node-2' }])]);
    expect(far.sets.get('no-endpoint-services')?.elements.get('10.96.1.1/tcp/80')?.value).toEqual({ drop: null });
  });

  it('for the address of cluster DNS: none on port 53, as for any Service on its other ports', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'metrics', port: 9153, protocol: 'TCP' },
    ];
    expect(own(rules([service('kube-dns', '10.96.0.10', { ports })], [])).sets).toEqual({
      'no-endpoint-services': ['10.96.0.10/tcp/9153'],
    });
  });

  it('keep names within what the kernel takes', () => {
    const long = 'a'.repeat(63);
    const made = service(long, '10.96.1.1', { sessionAffinity: 'ClientIP' });
    made.metadata = { name: long, namespace: long };
    const made2 = slice(long, [{ ip: '10.244.100.100' }]);
    made2.metadata = { ...made2.metadata, namespace: long };
    const { chains, sets } = rules([made], [made2]);
    for (const name of [...chains.keys(), ...sets.keys()]) expect(name.length).toBeLessThan(128);
  });
});

describe('a delta', () => {
  /** What the kernel would hold: fails where nft would (a missing or doubled thing, a chain still named). */
  function execute(commands: ReturnType<typeof delta>, chains: Map<string, string[]>, sets: Map<string, Set<string>>) {
    for (const command of commands) {
      const [[verb, body] = ['', {}]] = Object.entries(command);
      const [[kind, value] = ['', {}]] = Object.entries(body as Record<string, object>);
      const { name, chain, expr, elem } = value as { name: string; chain: string; expr: unknown; elem: unknown[] };
      if (kind === 'table') continue;
      if (kind === 'chain' && verb === 'add') chains.set(name, []);
      if (kind === 'chain' && verb === 'flush') expect(chains.get(name)?.splice(0)).toBeDefined();
      if (kind === 'rule') expect(chains.get(chain)?.push(JSON.stringify(expr))).toBeDefined();
      if ((kind === 'set' || kind === 'map') && verb === 'add') sets.set(name, new Set());
      if (kind === 'map' && verb === 'flush') sets.get(name)?.clear();
      for (const one of kind === 'element' ? elem.map((e) => JSON.stringify(e)) : []) {
        expect(sets.get(name)?.has(one)).toBe(verb === 'delete');
        if (verb === 'delete') sets.get(name)?.delete(one);
        else sets.get(name)?.add(one);
      }
      if (verb === 'delete' && kind === 'chain') {
        chains.delete(name);
        const mention = `"target":"${name}"`;
        for (const all of [...[...chains.values()].flat(), ...[...sets.values()].flatMap((set) => [...set])]) {
          expect(all.includes(mention)).toBe(false);
        }
      }
      if (verb === 'delete' && (kind === 'set' || kind === 'map')) sets.delete(name);
    }
    return {
      chains: Object.fromEntries([...chains].sort()),
      sets: Object.fromEntries([...sets].sort().map(([n, s]) => [n, [...s].sort()])),
    };
  }

  const state = fc.array(
    fc.record({
      id: fc.integer({ min: 1, max: 4 }),
      endpoints: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
      sticky: fc.boolean(),
      nodePort: fc.boolean(),
      local: fc.boolean(),
    }),
    { maxLength: 4 },
  );
  const build = (wishes: typeof state extends fc.Arbitrary<infer T> ? T : never) => {
    const distinct = [...new Map(wishes.map((wish) => [wish.id, wish])).values()];
    return rules(
      distinct.map(({ id, sticky, nodePort, local }) =>
        service(`s${id}`, `10.96.1.${id}`, {
          ...(sticky ? { sessionAffinity: 'ClientIP' } : {}),
          ...(local ? { externalTrafficPolicy: 'Local' } : {}),
          ports: [{ name: 'http', port: 80, protocol: 'TCP', ...(nodePort ? { nodePort: 30000 + id } : {}) }],
        }),
      ),
      distinct.map(({ id, endpoints }) =>
        slice(
          `s${id}`,
          endpoints.map((n) => ({ ip: `10.244.1.${n}`, nodeName: n % 2 ? 'node-1' : 'node-2' })),
        ),
      ),
    );
  };

  it('leads from any state to any other, as a full load would', () => {
    fc.assert(
      fc.property(state, state, (before, after) => {
        const [held, wanted] = [build(before), build(after)];
        const whole = execute(load(table, wanted), new Map(), new Map());
        const chains = new Map<string, string[]>();
        const sets = new Map<string, Set<string>>();
        execute(load(table, held), chains, sets);
        expect(execute(delta(table, held, wanted), chains, sets)).toEqual(whole);
        expect(delta(table, wanted, build(after))).toEqual([]);
      }),
    );
  });

  it('touches only the Service that changed', () => {
    const of = (ip: string) =>
      rules(
        [service('a', '10.96.1.1'), service('b', '10.96.1.2')],
        [slice('a', [{ ip: '10.0.0.1' }]), slice('b', [{ ip }])],
      );
    const commands = delta(table, of('10.0.0.2'), of('10.0.0.3'));
    expect(JSON.stringify(commands)).not.toContain('default/a');
    expect(commands.map((command) => Object.keys(command)[0])).toEqual(['flush', 'add', 'add', 'delete', 'add']);
  });
});
