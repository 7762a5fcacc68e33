// How this node's pods reach those of each other node: by a route on the link, through WireGuard, through WireGuard and a hub, or not at all.
// A pure function of the Nodes, and the same for both nodes of a pair, so that neither has to tell the other. What a node says of itself
// (addresses, key) decides only where its own pods' packets go: whose range is whose, and who is a hub, it cannot say.

import { addressAt, contains, familyOf, parseCidr } from '../../../core/machinery/cidr.ts';
import { toNumber } from '../../../core/machinery/ipv4.ts';
import { hubLabel, isWireGuardKey, seenFrom, wireGuardKey, wireGuardPort } from '../../../core/node/pod-network.ts';
import type { V1Node } from '../../../generated/kubernetes.ts';

export interface PlanInput {
  readonly nodes: readonly V1Node[];
  readonly nodeName: string;
  /** The ranges of this machine's own links, of both families. */
  readonly links: readonly string[];
  /** This node has a key of its own: without one it knows routes alone. */
  readonly tunnels: boolean;
}

export interface Peer {
  /** For people. */
  readonly node: string;
  /** What it may send, and what is sent to it: its node's pods, and those of nodes that it stands before. */
  readonly ranges: readonly string[];
  /** Undefined: it dials. */
  readonly endpoint: string | undefined;
  /** It runs, so that its silence says something. */
  readonly ready: boolean;
}

export interface Unreached {
  readonly node: string;
  /** Why, and what to do. */
  readonly why: string;
}

export interface NetworkPlan {
  /** Pod range -> address of its node, of the same family, on a link of this machine. */
  readonly routes: ReadonlyMap<string, string>;
  /** By public key. */
  readonly peers: ReadonlyMap<string, Peer>;
  readonly unreached: readonly Unreached[];
  /** How many other nodes have pods. */
  readonly others: number;
}

type Family = 'IPv4' | 'IPv6';

interface PodRange {
  readonly family: Family;
  readonly range: string;
  /** Its node's address of this family, where it has one. */
  readonly via: string | undefined;
}

interface Place {
  readonly name: string;
  /** IPv4, and in a cluster of both families IPv6. */
  readonly ranges: readonly PodRange[];
  readonly inner: string;
  /** Where others reach it from outside, as its administrator said. */
  readonly outer: string | undefined;
  readonly seen: string | undefined;
  readonly key: string | undefined;
  readonly hub: boolean;
  /** Its link carries no addresses but its own: EC2 drops them. */
  readonly alone: boolean;
  readonly ready: boolean;
}

export function networkPlan({ nodes, nodeName, links, tunnels }: PlanInput): NetworkPlan {
  const places = uniqueKeys(nodes.flatMap((node) => placeOf(node) ?? [])).sort((a, b) => (a.name < b.name ? -1 : 1));
  const self = places.find(({ name }) => name === nodeName);
  const others = places.filter((place) => place !== self);
  const routes = new Map<string, string>();
  const peers = new Map<string, Peer & { ranges: string[] }>();
  const unreached: Unreached[] = [];
  const add = (to: Place, ranges: readonly string[]) => {
    if (!self || to.key === undefined) return;
    const peer = peers.get(to.key) ?? { node: to.name, ranges: [], endpoint: dialled(to, self), ready: to.ready };
    peer.ranges.push(...ranges);
    peers.set(to.key, peer);
  };
  for (const other of others) {
    const away: string[] = [];
    for (const each of other.ranges) {
      // A node that is not known yet, or has no range, has no pods: where it is then, its links say.
      if (each.via !== undefined && (!self || isOnLink(self, other, each, links))) routes.set(each.range, each.via);
      else if (self?.ranges.some(({ family }) => family === each.family)) away.push(each.range);
    }
    if (!self || away.length === 0) continue;
    if (!tunnels || other.key === undefined) unreached.push({ node: other.name, why: noKey(tunnels) });
    else if (reaches(self, other)) add(other, away);
    else {
      const hubs = places.filter((each) => isHub(each) && reaches(self, each) && reaches(each, other));
      // Both of the pair hear of a hub that fails, and go through the next one.
      const hub = hubs.find(({ ready }) => ready) ?? hubs[0];
      if (hub && hub !== self && hub !== other) add(hub, away);
      else unreached.push({ node: other.name, why: noHub(self, other) });
    }
  }
  return { routes, peers, unreached, others: others.length };
}

/** Where it is, as it says and as it is seen; undefined while it has no pods. */
function placeOf({ metadata, spec, status }: V1Node): Place | undefined {
  const address = (kind: string, family: Family = 'IPv4') =>
    status?.addresses?.find(({ type, address }) => type === kind && familyOf(address) === family)?.address;
  const inner = address('InternalIP');
  const given = [spec?.podCIDR ?? '', ...(spec?.podCIDRs ?? [])].flatMap((each) => parseCidr(each) ?? []);
  const ranges = (['IPv4', 'IPv6'] as const).flatMap((family) => {
    const range = given.find((each) => each.family === family);
    // As the kernel and WireGuard tell it.
    const text = range && `${addressAt(range, 0n)}/${range.text.split('/')[1]}`;
    return text === undefined ? [] : [{ family, range: text, via: address('InternalIP', family) }];
  });
  if (ranges[0]?.family !== 'IPv4' || inner === undefined) return undefined;
  const { name = '', annotations = {}, labels = {} } = metadata ?? {};
  const key = annotations[wireGuardKey];
  const seen = annotations[seenFrom];
  return {
    name,
    ranges,
    inner,
    outer: address('ExternalIP'),
    seen: seen !== undefined && seen !== inner && toNumber(seen) !== undefined ? seen : undefined,
    key: key !== undefined && isWireGuardKey(key) ? key : undefined,
    hub: labels[hubLabel] === 'true',
    alone: spec?.providerID?.startsWith('aws:') ?? false,
    ready: status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
  };
}

/** The API server lets no node take another's key; should two have one all the same, it is nobody's. */
function uniqueKeys(places: readonly Place[]): Place[] {
  const count = new Map<string, number>();
  for (const { key } of places) if (key !== undefined) count.set(key, (count.get(key) ?? 0) + 1);
  return places.map((each) =>
    each.key !== undefined && count.get(each.key) !== 1 ? { ...each, key: undefined } : each,
  );
}

/** Behind one NAT, or both behind none: inner addresses mean the same to them. */
function sameSite(one: Place, other: Place): boolean {
  return one.seen === other.seen;
}

/** The same for both of them: each has an address of the family there, and takes that of the other for one of its link. */
function isOnLink(self: Place, other: Place, { family, via = '' }: PodRange, links: readonly string[]): boolean {
  // Hubs are always reached through WireGuard: what they pass on comes from there.
  if ([self, other].some((each) => isHub(each) || each.alone)) return false;
  const isKnown = self.ranges.some((each) => each.family === family && each.via !== undefined);
  return isKnown && sameSite(self, other) && links.some((link) => isWithin(link, via));
}

function isWithin(text: string, address: string): boolean {
  const range = parseCidr(text);
  return range !== undefined && contains(range, address);
}

function isHub({ hub, key }: Place): boolean {
  return hub && key !== undefined;
}

/** Whether one of them can dial the other. */
function reaches(one: Place, other: Place): boolean {
  if (one.key === undefined || other.key === undefined) return false;
  return dialled(one, other) !== undefined || dialled(other, one) !== undefined;
}

/** The endpoint at which `by` dials `place`. */
function dialled(place: Place, by: Place): string | undefined {
  if (sameSite(place, by)) return `${place.inner}:${wireGuardPort}`;
  if (place.outer !== undefined) return `${place.outer}:${wireGuardPort}`;
  if (place.seen !== undefined) return undefined;
  // Seen by its inner address: who is seen by a private one too comes from within the same network, others only to a public one.
  const reached = !isPrivate(place.inner) || (by.seen !== undefined && isPrivate(by.seen));
  return reached ? `${place.inner}:${wireGuardPort}` : undefined;
}

// RFC 1918, RFC 6598.
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].flatMap(
  (each) => parseCidr(each) ?? [],
);

function isPrivate(address: string): boolean {
  return privateRanges.some((range) => contains(range, address));
}

function noKey(tunnels: boolean): string {
  return tunnels
    ? `it is on no link of this node and has no WireGuard key (annotation ${wireGuardKey}): bring its agent up to date`
    : 'it is on no link of this node, which has no WireGuard key';
}

function noHub(self: Place, other: Place): string {
  const where = ({ name, inner, seen }: Place) =>
    `${name} (${inner}${seen === undefined ? '' : `, seen from ${seen}`})`;
  return `neither of ${where(self)} and ${where(other)} can be dialled by the other, and no hub is reached by both: label a node that both reach with ${hubLabel}=true, or open UDP ${wireGuardPort} to one of them and start its agent with --node-external-ip`;
}
