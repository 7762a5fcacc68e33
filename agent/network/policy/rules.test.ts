import { describe, expect, it } from 'vitest';
import type { V1NetworkPolicy } from '../../../generated/kubernetes.ts';
import { pod } from '../testing/objects.ts';
import { policyRules } from './rules.ts';

const here = { nodeName: 'node-1', namespaces: [{ metadata: { name: 'default', labels: { team: 'a' } } }] };
const web = pod(
  'web',
  '10.244.1.2',
  { app: 'web' },
  { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
);
const far = pod('far', '10.244.2.2', { app: 'far' }, { nodeName: 'node-2' });
const policy = (spec: NonNullable<V1NetworkPolicy['spec']>, namespace = 'default'): V1NetworkPolicy => ({
  metadata: { name: 'p', namespace },
  spec,
});
function build(spec: NonNullable<V1NetworkPolicy['spec']>, pods = [web, far], namespace = 'default') {
  const { chains, sets } = policyRules({ ...here, networkPolicies: [policy(spec, namespace)], pods });
  const members = (name: string) => [...(sets.get(name)?.elements.keys() ?? [])];
  const [chain] = [...chains].filter(([name]) => name.endsWith('default/p')).map(([, { rules }]) => rules);
  return { ingress: members('ingress-pods'), egress: members('egress-pods'), sets, chain };
}

describe('the rules of NetworkPolicies', () => {
  it('isolate this node’s selected pods, in the directions of policyTypes and its defaults', () => {
    expect(build({ podSelector: {} })).toMatchObject({ ingress: ['10.244.1.2'], egress: [] });
    expect(build({ podSelector: {}, egress: [{}] })).toMatchObject({ ingress: ['10.244.1.2'], egress: ['10.244.1.2'] });
    expect(build({ podSelector: {}, policyTypes: ['Egress'] })).toMatchObject({ ingress: [], egress: ['10.244.1.2'] });
    expect(build({ podSelector: { matchLabels: { app: 'none' } } })).toMatchObject({ ingress: [], egress: [] });
    expect(build({ podSelector: {} }, [web], 'other')).toMatchObject({ ingress: [], egress: [] });
  });

  it('leave alone pods of the host network, finished pods and pods without an address', () => {
    const host = pod('host', '192.168.77.1', {}, { hostNetwork: true });
    const done = { ...pod('done', '10.244.1.3'), status: { phase: 'Succeeded', podIP: '10.244.1.3' } };
    const young = { ...pod('young', ''), status: { phase: 'Pending' } };
    expect(build({ podSelector: {} }, [host, done, young]).ingress).toEqual([]);
  });

  it('know peers on other nodes, by pod and by namespace', () => {
    const peers = (from: object) => {
      const { sets } = build({ podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from: [from] }] });
      const [set] = [...sets]
        .filter(([name]) => name.endsWith('-peers'))
        .map(([, { elements }]) => [...elements.keys()]);
      return set;
    };
    expect(peers({ podSelector: { matchLabels: { app: 'far' } } })).toEqual(['10.244.2.2']);
    expect(peers({ namespaceSelector: { matchLabels: { team: 'a' } } })).toEqual(['10.244.1.2', '10.244.2.2']);
    expect(peers({ namespaceSelector: { matchLabels: { team: 'b' } } })).toEqual([]);
    expect(peers({ namespaceSelector: {}, podSelector: { matchLabels: { app: 'far' } } })).toEqual(['10.244.2.2']);
  });

  it('allow everything by an empty rule, nothing by no rule', () => {
    expect(build({ podSelector: {}, ingress: [{}] }).chain).toEqual([[{ accept: null }]]);
    expect(build({ podSelector: {}, ingress: [] }).chain).toEqual([]);
  });

  it('pair every peer with every port', () => {
    const { chain, sets } = build({
      podSelector: { matchLabels: { app: 'web' } },
      ingress: [
        {
          from: [
            { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
            { podSelector: {} },
            { ipBlock: { cidr: 'fd00::/8' } },
          ],
          ports: [{ port: 'http' }, { port: 53, protocol: 'UDP' }, { protocol: 'SCTP' }, { port: 1, endPort: 9 }],
        },
      ],
    });
    expect(chain).toHaveLength(8);
    const [named] = [...sets]
      .filter(([name]) => name.includes('-port-'))
      .map(([, { elements }]) => [...elements.keys()]);
    expect(named).toEqual(['10.244.1.2/8080']);
  });
});
