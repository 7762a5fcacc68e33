// The pods that NetworkPolicies name as peers, by group; kept from the replicas of pods, namespaces and policies. A group is computed once,
// however many policies and nodes ask for it, and a pod is looked at again only when something of it changed that policies ask about.

import { createHash } from 'node:crypto';
import { namedPorts, ownAddresses } from '../../../core/kinds/core/pod/semantics/pod-network.ts';
import { deepEqual } from '../../../core/machinery/equality.ts';
import { type Labels, matchesLabels } from '../../../core/machinery/labels.ts';
import { type NamedPort, type PeerGroup, type PolicyPeer, policyGroups } from '../../../core/node/policy-peers.ts';
import type { Entry, Replica } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';

/** What the policies of some namespaces ask about. */
export interface PeerNeeds {
  /** The same for the same needs; empty: none. */
  readonly key: string;
  /** Group -> names of ports. */
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface PeerGroups {
  needsOf(namespaces: Iterable<string>): PeerNeeds;
  /** By log name, the pods of these groups that other nodes run. */
  peers(node: string, needs: PeerNeeds): Iterable<string>;
  /** The JSON of a PolicyPeer: what `node` is told of a pod; undefined: nothing. Nodes with the same needs are told the same bytes. */
  view(node: string, pod: string, needs: PeerNeeds): Uint8Array | undefined;
  /** Pods came to groups, left or changed. `namespaces`: those whose policies ask about them. */
  onChange(listener: (namespaces: ReadonlySet<string>) => void): void;
  close(): void;
}

/** The name under which a node is told of a pod. */
export function peerName(pod: string): string {
  return createHash('sha256').update(pod).digest('hex').slice(0, 32);
}

interface Peer {
  readonly node: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly ips: readonly string[];
  readonly ports: readonly NamedPort[];
}

interface Member {
  readonly peer: Peer;
  readonly groups: Set<string>;
  /** By what of it is told. */
  readonly views: Map<string, Uint8Array>;
}

interface Group {
  readonly group: PeerGroup;
  /** Namespace -> how many of its policies name the group. */
  readonly askedBy: Map<string, number>;
  readonly pods: Set<string>;
}

type Policy = ReturnType<typeof policyGroups>;

export function createPeerGroups(
  pods: Replica<Stored<'pods'>>,
  namespaces: Replica<Stored<'namespaces'>>,
  policies: Replica<Stored<'networking.k8s.io/networkpolicies'>>,
): PeerGroups {
  const groups = new Map<string, Group>();
  const members = new Map<string, Member>();
  const known = new Map<string, Map<string, Policy>>();
  const listeners: ((namespaces: ReadonlySet<string>) => void)[] = [];

  const selects = ({ within, pods: selector }: PeerGroup, { namespace, labels }: Peer): boolean =>
    (typeof within === 'string'
      ? within === namespace
      : matchesLabels(within, namespaces.get(namespace)?.object.metadata.labels)) && matchesLabels(selector, labels);

  /** Puts a pod into its groups anew; gives the groups that have another list now. */
  const place = (name: string, peer: Peer | undefined): string[] => {
    const before = members.get(name);
    const old = before?.groups ?? new Set<string>();
    const now = new Set<string>();
    if (peer) for (const [id, { group }] of groups) if (selects(group, peer)) now.add(id);
    for (const id of old) if (!now.has(id)) groups.get(id)?.pods.delete(name);
    for (const id of now) groups.get(id)?.pods.add(name);
    if (peer && now.size > 0) members.set(name, { peer, groups: now, views: new Map() });
    else members.delete(name);
    const same = before && peer && deepEqual([before.peer.ips, before.peer.ports], [peer.ips, peer.ports]);
    return [...old.union(now)].filter((id) => !same || !old.has(id) || !now.has(id));
  };
  const tell = (touched: readonly string[]) => {
    const asking = new Set(touched.flatMap((id) => [...(groups.get(id)?.askedBy.keys() ?? [])]));
    if (asking.size > 0) for (const listener of listeners) listener(asking);
  };

  /** Gives the groups that nobody asked for before, which `fill` looks for pods of. */
  const ask = (namespace: string, policy: Policy): Group[] => {
    const created: Group[] = [];
    for (const [id, { group }] of policy) {
      const found: Group = groups.get(id) ?? { group, askedBy: new Map(), pods: new Set() };
      found.askedBy.set(namespace, (found.askedBy.get(namespace) ?? 0) + 1);
      if (!groups.has(id)) created.push(found);
      groups.set(id, found);
    }
    return created;
  };
  const fill = (created: readonly Group[]) => {
    if (created.length === 0) return;
    const spaces = new Set(created.map(({ group }) => group.within));
    const [only] = spaces.size === 1 ? spaces : [];
    for (const entry of pods.snapshot(typeof only === 'string' ? { prefix: `${only}/` } : {})) {
      const peer = peerOf(entry);
      for (const { group, pods: own } of peer ? created : []) {
        if (!peer || !selects(group, peer)) continue;
        own.add(entry.name);
        const member = members.get(entry.name) ?? { peer, groups: new Set(), views: new Map() };
        member.groups.add(group.id);
        members.set(entry.name, member);
      }
    }
  };
  const unask = (namespace: string, policy: Policy) => {
    for (const id of policy.keys()) {
      const group = groups.get(id);
      if (!group) continue;
      const left = (group.askedBy.get(namespace) ?? 0) - 1;
      if (left > 0) group.askedBy.set(namespace, left);
      else group.askedBy.delete(namespace);
      if (group.askedBy.size > 0) continue;
      groups.delete(id);
      for (const name of group.pods) {
        const member = members.get(name);
        member?.groups.delete(id);
        if (member?.groups.size === 0) members.delete(name);
      }
    }
  };
  const setPolicy = (name: string, policy: Policy | undefined): Group[] => {
    const namespace = name.slice(0, name.indexOf('/'));
    const own = known.get(namespace) ?? new Map<string, Policy>();
    const before = own.get(name);
    if (policy && policy.size > 0) own.set(name, policy);
    else own.delete(name);
    if (own.size > 0) known.set(namespace, own);
    else known.delete(namespace);
    // What both name is kept.
    const created = policy ? ask(namespace, policy) : [];
    if (before) unask(namespace, before);
    return created;
  };

  const unsubscribe = [
    policies.onEvent(({ type, entry }) =>
      fill(setPolicy(entry.name, type === 'DELETED' ? undefined : policyGroups(entry.object))),
    ),
    namespaces.onEvent(({ entry, previous }) => {
      if (previous && deepEqual(previous.object.metadata.labels, entry.object.metadata.labels)) return;
      if (![...groups.values()].some(({ group }) => typeof group.within !== 'string')) return;
      tell([...pods.snapshot({ prefix: `${entry.name}/` })].flatMap((pod) => place(pod.name, peerOf(pod))));
    }),
    pods.onEvent(({ type, entry, previous }) => {
      if (groups.size === 0) return;
      const peer = type === 'DELETED' ? undefined : peerOf(entry);
      const before = members.get(entry.name)?.peer ?? (previous && peerOf(previous));
      if (!deepEqual(before, peer)) tell(place(entry.name, peer));
    }),
  ];
  fill([...policies.snapshot()].flatMap((entry) => setPolicy(entry.name, policyGroups(entry.object))));

  return {
    needsOf(namespaces) {
      const needed = new Map<string, Set<string>>();
      for (const namespace of namespaces)
        for (const policy of known.get(namespace)?.values() ?? [])
          for (const [id, { ports }] of policy) needed.set(id, (needed.get(id) ?? new Set<string>()).union(ports));
      const text = [...needed].map(([id, ports]) => `${id}:${[...ports].sort()}`).sort();
      return { key: text.length === 0 ? '' : peerName(text.join('\n')).slice(0, 16), groups: needed };
    },
    *peers(node, { groups: needed }) {
      const told = new Set<string>();
      for (const id of needed.keys())
        for (const pod of groups.get(id)?.pods ?? []) {
          if (told.has(pod) || members.get(pod)?.peer.node === node) continue;
          told.add(pod);
          yield pod;
        }
    },
    view(node, pod, needs) {
      const member = members.get(pod);
      // What runs on a node, it knows by its labels.
      if (!member || member.peer.node === node) return undefined;
      const own = [...member.groups].filter((id) => needs.groups.has(id)).sort();
      if (own.length === 0) return undefined;
      const names = new Set(own.flatMap((id) => [...(needs.groups.get(id) ?? [])]));
      const { ips } = member.peer;
      const ports = member.peer.ports.filter(({ name }) => names.has(name));
      const told = { ips, groups: own, ports };
      const text = JSON.stringify(told);
      let bytes = member.views.get(text);
      if (!bytes) {
        const metadata = { name: peerName(pod), resourceVersion: peerName(text).slice(0, 16) };
        bytes = Buffer.from(JSON.stringify({ metadata, ...told } satisfies PolicyPeer));
        member.views.set(text, bytes);
      }
      return bytes;
    },
    onChange: (listener) => void listeners.push(listener),
    close() {
      for (const each of unsubscribe) each();
    },
  };
}

/** Undefined: no policy can name it by its labels. */
function peerOf({ object }: Entry<Stored<'pods'>>): Peer | undefined {
  const { metadata, spec } = object;
  const ips = ownAddresses(object);
  if (!spec?.nodeName || ips.length === 0) return undefined;
  const { namespace = '', labels = {} } = metadata;
  return { node: spec.nodeName, namespace, labels, ips, ports: namedPorts(object) };
}
