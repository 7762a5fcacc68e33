import { describe, expect, it } from 'vitest';
import { podInfo } from './pod-info.ts';
import { schedule } from './schedule.ts';
import { makeNode, makePod, outcomes, stateOf } from './testing.ts';

const zone = 'topology.kubernetes.io/zone';
const hostname = 'kubernetes.io/hostname';
const inZone = (name: string, value: string, more: object = {}) =>
  makeNode(name, { labels: { [zone]: value }, ...more });
const web = { app: 'web' };
const term = (topologyKey: string, more: object = {}) => ({
  topologyKey,
  labelSelector: { matchLabels: web },
  ...more,
});
const affinity = (kind: 'podAffinity' | 'podAntiAffinity', ...terms: ReturnType<typeof term>[]) => ({
  affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const spread = (more: object = {}) => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: web }, ...more },
  ],
});
const many = (count: number, spec: object, labels: Record<string, string> = web) =>
  Array.from({ length: count }, (_, i) => makePod(`p${i}`, { labels, spec }));
const noPreemption = (total: number, helpful = 0) =>
  helpful === 0
    ? ` preemption: 0/${total} nodes are available: ${total} Preemption is not helpful for scheduling.`
    : ` preemption: 0/${total} nodes are available: ${helpful} No preemption victims found for incoming pod.`;

describe('required pod affinity', () => {
  it('goes where the others are, by topology', () => {
    const state = stateOf(
      [inZone('a', 'x'), inZone('b', 'y'), inZone('c', 'y')],
      [['b', makePod('db', { labels: web })]],
    );
    const all = outcomes(state, ...many(4, affinity('podAffinity', term(zone)), {}));
    expect(new Set(Object.values(all))).toEqual(new Set(['b', 'c']));
  });

  it('lets the first pod of a group go anywhere that has the label, and the rest follow', () => {
    const state = stateOf([makeNode('none'), inZone('a', 'x'), inZone('b', 'y'), inZone('c', 'y')]);
    const zones = Object.values(outcomes(state, ...many(5, affinity('podAffinity', term(zone)))));
    expect(zones).not.toContain('none');
    expect(new Set(zones.map((name) => (name === 'a' ? 'x' : 'y'))).size).toBe(1);
  });

  it('refuses a pod that matches no one, not even itself', () => {
    const state = stateOf([inZone('a', 'x')]);
    expect(outcomes(state, makePod('p', { spec: affinity('podAffinity', term(zone)) }))).toEqual({
      p: `0/1 nodes are available: 1 node(s) didn't match pod affinity rules.${noPreemption(1)}`,
    });
  });

  it('looks into other namespaces by name and by their labels', () => {
    const there = makePod('db', { labels: web, namespace: 'team-a' });
    const state = stateOf([inZone('a', 'x'), inZone('b', 'y')], [['b', there]]);
    const set = (labels: Record<string, string>) =>
      state.model.namespaces.set('team-a', { metadata: { name: 'team-a', labels } });
    set({ team: 'a' });
    const namespaces = affinity('podAffinity', term(zone, { namespaces: ['team-a'] }));
    const selector = affinity('podAffinity', term(zone, { namespaceSelector: { matchLabels: { team: 'a' } } }));
    const own = affinity('podAffinity', term(zone));
    const all = outcomes(
      state,
      makePod('by-name', { spec: namespaces }),
      makePod('by-label', { spec: selector }),
      makePod('own', { spec: own }),
    );
    expect(all).toMatchObject({ 'by-name': 'b', 'by-label': 'b', own: expect.stringContaining('pod affinity rules') });
    set({ team: 'b' });
    state.model.topology.namespaceChanged();
    expect(outcomes(state, makePod('later', { spec: selector }))['later']).toContain('pod affinity rules');
  });

  it('adds its own values for matchLabelKeys and mismatchLabelKeys', () => {
    const old = makePod('old', { labels: { ...web, version: '1' } });
    const state = stateOf([inZone('a', 'x'), inZone('b', 'y')], [['a', old]]);
    const same = affinity('podAffinity', term(zone, { matchLabelKeys: ['version'] }));
    const other = affinity('podAntiAffinity', term(zone, { mismatchLabelKeys: ['version'] }));
    expect(
      outcomes(
        state,
        makePod('same', { labels: { ...web, version: '1' }, spec: same }),
        makePod('other', { labels: { ...web, version: '2' }, spec: other }),
      ),
    ).toEqual({ same: 'a', other: 'b' });
  });
});

describe('required pod anti-affinity', () => {
  it('puts one pod in each domain, and tells why the rest waits', () => {
    const state = stateOf([makeNode('a'), makeNode('b')]);
    const all = outcomes(state, ...many(3, affinity('podAntiAffinity', term(hostname))));
    expect([all['p0'], all['p1']].sort()).toEqual(['a', 'b']);
    expect(all['p2']).toBe(
      `0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.${noPreemption(2, 2)}`,
    );
  });

  it('holds for pods that come later and say nothing', () => {
    const lonely = makePod('lonely', { spec: affinity('podAntiAffinity', term(hostname)) });
    const state = stateOf([makeNode('a')], [['a', lonely]]);
    expect(outcomes(state, makePod('web', { labels: web }), makePod('other'))).toEqual({
      web: `0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.${noPreemption(1, 1)}`,
      other: 'a',
    });
    state.model.removePod('default/lonely');
    expect(outcomes(state, makePod('web', { labels: web }))).toEqual({ web: 'a' });
  });
});

describe('preferred pod affinity', () => {
  const prefer = (kind: string, topologyKey = hostname) => ({
    affinity: {
      [kind]: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term(topologyKey) }],
      },
    },
  });

  it('draws pods near, and apart', () => {
    const state = stateOf([makeNode('a'), makeNode('b'), makeNode('c')], [['b', makePod('db', { labels: web })]]);
    expect(outcomes(state, makePod('near', { spec: prefer('podAffinity') }))).toEqual({ near: 'b' });
    const apart = Object.values(outcomes(state, ...many(3, prefer('podAntiAffinity'), {})));
    expect(apart).not.toContain('b');
  });

  it('of placed pods counts too, as does their required affinity', () => {
    const state = stateOf(
      [makeNode('a'), makeNode('b'), makeNode('c')],
      [['c', makePod('fan', { spec: prefer('podAffinity') })]],
    );
    expect(outcomes(state, makePod('star', { labels: web }))).toEqual({ star: 'c' });
  });
});

describe('topology spread', () => {
  it('keeps the skew within the limit, and refuses when it cannot', () => {
    const state = stateOf([inZone('a', 'x', { allocatable: { pods: '1' } }), inZone('b', 'y')]);
    const all = outcomes(state, ...many(4, spread()));
    expect(Object.values(all).filter((each) => each === 'a')).toHaveLength(1);
    expect(Object.values(all).filter((each) => each === 'b')).toHaveLength(2);
    expect(all['p3']).toBe(
      `0/2 nodes are available: 1 Too many pods, 1 node(s) didn't match pod topology spread constraints.${noPreemption(2, 2)}`,
    );
  });

  it('refuses nodes without the label', () => {
    const state = stateOf([makeNode('a')]);
    expect(outcomes(state, ...many(1, spread()))['p0']).toContain(
      "1 node(s) didn't match pod topology spread constraints (missing required label)",
    );
  });

  it('demands minDomains', () => {
    const state = stateOf([inZone('a', 'x')]);
    const all = outcomes(state, ...many(2, spread({ minDomains: 2 })));
    expect(all['p0']).toBe('a');
    expect(all['p1']).toContain('topology spread constraints');
  });

  it('counts as domains only nodes that the pod may use, unless told otherwise', () => {
    const nodes = [
      inZone('a', 'x', { labels: { [zone]: 'x', disk: 'ssd' } }),
      inZone('b', 'y'),
      inZone('c', 'z', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
    ];
    const ssd = { nodeSelector: { disk: 'ssd' } };
    expect(outcomes(stateOf(nodes), ...many(2, { ...spread(), ...ssd }))).toEqual({ p0: 'a', p1: 'a' });
    const ignoring = outcomes(stateOf(nodes), ...many(2, { ...spread({ nodeAffinityPolicy: 'Ignore' }), ...ssd }));
    expect(ignoring['p1']).toContain('topology spread constraints');
    const ofTwo = nodes.slice(1);
    expect(outcomes(stateOf(ofTwo), ...many(2, spread()))['p1']).toContain('topology spread constraints');
    expect(outcomes(stateOf(ofTwo), ...many(2, spread({ nodeTaintsPolicy: 'Honor' })))).toEqual({ p0: 'b', p1: 'b' });
  });

  it('does not count pods that are on their way out', () => {
    const leaving = makePod('old', { labels: web, metadata: { deletionTimestamp: '2026-01-01T00:00:01Z' } });
    const state = stateOf([inZone('a', 'x'), inZone('b', 'y', { allocatable: { pods: '0' } })], [['a', leaving]]);
    expect(outcomes(state, ...many(1, spread()))).toEqual({ p0: 'a' });
  });

  it('follows nodes that change their labels', () => {
    const state = stateOf([inZone('a', 'x'), inZone('b', 'y')]);
    outcomes(state, ...many(2, spread()));
    state.model.setNode(inZone('b', 'x'));
    // One zone is left: nothing to skew against.
    expect(outcomes(state, makePod('next', { labels: web, spec: spread() }))['next']).toMatch(/^[ab]$/);
  });

  it('that is only preferred never keeps a pod out, and spreads all the same', () => {
    const state = stateOf([inZone('a', 'x'), inZone('b', 'x'), inZone('c', 'x'), inZone('d', 'y')]);
    const all = Object.values(outcomes(state, ...many(6, spread({ whenUnsatisfiable: 'ScheduleAnyway' }))));
    expect(all.filter((each) => each === 'd')).toHaveLength(3);
    expect(outcomes(stateOf([makeNode('a')]), ...many(1, spread({ whenUnsatisfiable: 'ScheduleAnyway' })))).toEqual({
      p0: 'a',
    });
  });

  it('by default spreads the pods of a workload over nodes and zones', () => {
    const small = { allocatable: { cpu: '64', memory: '256Gi' } };
    const state = stateOf([inZone('a', 'x', small), inZone('b', 'x'), inZone('c', 'y')]);
    const infos = many(3, {}).map((pod) => podInfo(pod, [{ key: 'app', operator: '=', values: ['web'] }]));
    const nodes = schedule(state, infos).bindings.map(({ node }) => node);
    expect(nodes.sort()).toEqual(['a', 'b', 'c']);
    // Without a workload they all go where the most room is.
    const alone = Object.values(
      outcomes(stateOf([inZone('a', 'x', small), inZone('b', 'x'), inZone('c', 'y')]), ...many(3, {})),
    );
    expect(new Set(alone)).toEqual(new Set(['a']));
  });
});
