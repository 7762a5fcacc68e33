import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Model } from './model.ts';
import { type PodInfo, podInfo } from './pod-info.ts';
import { makeNode, makePod } from './testing.ts';

const zone = 'topology.kubernetes.io/zone';
const spreadOf = (app: string) => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app } } },
  ],
});
const all = { key: 'all', test: () => true };

describe('TopologyIndex', () => {
  it('counts the same as a scan, whatever comes, goes and changes', () => {
    const step = fc.record({
      what: fc.constantFrom('place', 'remove', 'node', 'no node', 'ask', 'tidy'),
      pod: fc.nat({ max: 9 }),
      node: fc.nat({ max: 3 }),
      zone: fc.constantFrom('x', 'y', undefined),
      app: fc.constantFrom('web', 'db'),
      leaving: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new Model();
        const asked = podInfo(makePod('asked', { labels: { app: 'web' }, spec: spreadOf('web') }));
        const term = asked.terms.spread[0]?.term;
        if (!term) throw new Error('the pod has a constraint');
        for (const each of steps) {
          const name = `n${each.node}`;
          if (each.what === 'node') model.setNode(makeNode(name, { labels: each.zone ? { [zone]: each.zone } : {} }));
          else if (each.what === 'no node') model.removeNode(name);
          else if (each.what === 'remove') model.removePod(`default/p${each.pod}`);
          else if (each.what === 'tidy') model.topology.namespaceChanged();
          else if (each.what === 'place') {
            const metadata = each.leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {};
            model.placePod(podInfo(makePod(`p${each.pod}`, { labels: { app: each.app }, metadata })), name);
          }
          const matched = model.topology.matched([term], zone);
          const spread = model.topology.spread(term, all);
          for (const node of model.nodes.values()) {
            const domain = node.labels[zone];
            const sameDomain = [...model.nodes.values()].filter((other) => domain && other.labels[zone] === domain);
            const pods = sameDomain
              .flatMap((other) => [...other.pods.values()])
              .filter((pod) => pod.labels['app'] === 'web');
            expect(matched.at(node.slot)).toBe(pods.length);
            expect(spread.at(node.slot)).toBe(pods.filter((pod) => !pod.terminating).length);
          }
        }
      }),
    );
  });

  it('tells which terms of placed pods concern a pod, as long as those pods are there', () => {
    const model = new Model();
    model.setNode(makeNode('n'));
    const repelling = podInfo(
      makePod('repelling', {
        spec: {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
              ],
            },
          },
        },
      }),
    );
    const concerning = (pod: PodInfo) => model.topology.concerning(pod).filter(({ counter }) => counter.total > 0);
    const web = podInfo(makePod('web', { labels: { app: 'web' } }));
    expect(concerning(web)).toHaveLength(0);
    model.placePod(repelling, 'n');
    expect(concerning(web)).toMatchObject([{ repels: true }]);
    expect(concerning(podInfo(makePod('db', { labels: { app: 'db' } })))).toHaveLength(0);
    model.removePod('default/repelling');
    expect(concerning(web)).toHaveLength(0);
  });
});
