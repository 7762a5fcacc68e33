import { describe, expect, it } from 'vitest';
import { everyPod, type NamedPort, type PolicyPeer, peerGroup } from '../../../core/node/policy-peers.ts';
import type { V1NetworkPolicy, V1NetworkPolicyPeer } from '../../../generated/kubernetes.ts';
import { pod } from '../testing/objects.ts';
import { policyRules } from './rules.ts';

const here = { nodeName: 'node-1', namespaces: [{ metadata: { name: 'default', labels: { team: 'a' } } }] };
const web = pod(
  'web',
  '10.244.1.2',
  { app: 'web' },
  { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
);
/** A pod of another node, as this one is told of it. */
const far = (groups: (V1NetworkPolicyPeer | undefined)[], ports: NamedPort[] = []): PolicyPeer => ({
  metadata: { name: 'far' },
  ips: ['fd00::2', '10.244.2.2'],
  groups: groups.map((peer) => (peer && peerGroup('default', peer)?.id) ?? ''),
  ports,
});
const policy = (spec: NonNullable<V1NetworkPolicy['spec']>, namespace = 'default'): V1NetworkPolicy => ({
  metadata: { name: 'p', namespace },
  spec,
});
function build(
  spec: NonNullable<V1NetworkPolicy['spec']>,
  pods = [web],
  namespace = 'default',
  policyPeers: readonly PolicyPeer[] = [],
) {
  const { chains, sets } = policyRules({ ...here, networkPolicies: [policy(spec, namespace)], pods, policyPeers });
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

  it('know peers on other nodes by the groups that they are told to be in, and their own by labels', () => {
    const peers = (from: V1NetworkPolicyPeer, ...groups: V1NetworkPolicyPeer[]) => {
      const spec = { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from: [from] }] };
      const { sets } = build(spec, [web], 'default', [far(groups)]);
      const [set] = [...sets]
        .filter(([name]) => name.endsWith('-peers'))
        .map(([, { elements }]) => [...elements.keys()]);
      return set;
    };
    const byPod = { podSelector: { matchLabels: { app: 'far' } } };
    const byTeam = (team: string) => ({ namespaceSelector: { matchLabels: { team } } });
    expect(peers(byPod, byPod)).toEqual(['10.244.2.2']);
    expect(peers(byPod, byTeam('a'))).toEqual([]);
    expect(peers(byTeam('a'), byTeam('a'))).toEqual(['10.244.1.2', '10.244.2.2']);
    expect(peers(byTeam('b'), byTeam('a'))).toEqual([]);
    expect(peers(byTeam('b'), byTeam('b'))).toEqual(['10.244.2.2']);
    // The same labels, asked of another namespace's pods.
    expect(peerGroup('other', byPod)?.id).not.toBe(peerGroup('default', byPod)?.id);
    expect(peerGroup('other', byTeam('a'))?.id).toBe(peerGroup('default', byTeam('a'))?.id);
  });

  it('find the number of a port in what pods of other nodes call it, for egress', () => {
    const ports = (egress: object) => {
      const named = far([everyPod], [{ name: 'sql', protocol: 'TCP', port: 5432 }]);
      const { sets } = build({ podSelector: {}, policyTypes: ['Egress'], egress: [egress] }, [web], 'default', [named]);
      return [...sets].filter(([name]) => name.includes('-port-')).map(([, { elements }]) => [...elements.keys()]);
    };
    expect(ports({ ports: [{ port: 'sql' }] })).toEqual([['10.244.2.2/5432']]);
    expect(ports({ to: [everyPod], ports: [{ port: 'http' }] })).toEqual([['10.244.1.2/8080']]);
    expect(ports({ to: [{ podSelector: {} }], ports: [{ port: 'sql' }] })).toEqual([[]]);
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
