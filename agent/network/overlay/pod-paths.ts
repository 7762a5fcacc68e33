// The ways from this node to the pods of all others, kept as the Nodes say: routes, WireGuard's peers, and what is not reached.

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { errorText } from '../../../core/machinery/error-text.ts';
import { parseJson } from '../../../core/machinery/json.ts';
import type { V1Node } from '../../../generated/kubernetes.ts';
import { Routes, type Way, wayThrough } from '../routes.ts';
import type { Run } from '../run.ts';
import { type NetworkPlan, networkPlan, type Peer, type Unreached } from './plan.ts';
import { Tunnel } from './tunnel.ts';

export interface PodPathsOptions {
  readonly run: Run;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly dataDir: string;
  /** Stem of the names of devices. */
  readonly prefix: string;
  /** The address of the pods' bridge. */
  readonly gateway: string;
  /** The same of IPv6, in a cluster of both families. */
  readonly gateway6?: string;
  readonly overlayKeyFile?: string;
  readonly onUnreached?: (nodes: readonly Unreached[], others: number) => void;
}

export interface PodPaths {
  /** WireGuard's, which may not be there. */
  readonly device: string;
  /** Rejects with CommandError; the next call tries again what failed. */
  apply(nodes: readonly V1Node[]): Promise<void>;
  /** Looks for links of this machine that changed, and for peers that are silent. False: `apply` must be called again. */
  check(): Promise<boolean>;
  /** The next `apply` asks the kernel what there is. */
  forget(): void;
  remove(): Promise<void>;
}

/** A peer that is asked makes a handshake at least every two minutes; three without one say that nothing comes through. */
const silentSeconds = 200;
/** What a peer gets from when it is wanted to its first handshake: its node may learn of this one later. */
const patienceMs = 60_000;

export function createPodPaths(options: PodPathsOptions): PodPaths {
  const { run, nodeName, prefix, gateway, gateway6, overlayKeyFile, onUnreached = () => {} } = options;
  // WireGuard in user space has a socket for each device, in one folder for all network namespaces of a machine.
  const id = createHash('sha256').update(resolve(options.dataDir)).digest('hex').slice(0, 4);
  const device = `${prefix}-wg${id}`;
  const families = [
    { routes: new Routes(run, device), source: gateway, has: (range: string) => !range.includes(':') },
    ...(gateway6 === undefined
      ? []
      : [{ routes: new Routes(run, device, '-6'), source: gateway6, has: (range: string) => range.includes(':') }]),
  ];
  const forgetRoutes = () => {
    for (const { routes } of families) routes.forget();
  };
  const tunnel =
    overlayKeyFile === undefined
      ? undefined
      : new Tunnel(run, {
          ...{ device, keyFile: overlayKeyFile, address: gateway, nodeIP: options.nodeIP },
          ...(gateway6 !== undefined && { ipv6Address: gateway6 }),
        });
  const linksOf = async () => [
    ...(await ownLinks(run, prefix, '-4')),
    ...(gateway6 === undefined ? [] : await ownLinks(run, prefix, '-6')),
  ];
  let links: string[] | undefined;
  let plan: NetworkPlan | undefined;
  /** Of WireGuard, when it was told last. */
  let failure: { readonly error: unknown } | undefined;
  /** Public key -> when it became a peer. */
  let since = new Map<string, number>();
  let last: readonly Unreached[] = [];
  let told = '[]';

  /** What was not reached at the last look too: a node that has just come is told of its peers one after the other. */
  const tell = (found: readonly Unreached[], others: number) => {
    const before = new Set(last.map(({ node }) => node));
    last = found;
    const lasting = found.filter(({ node }) => before.has(node));
    const text = JSON.stringify(lasting);
    if (text === told) return;
    told = text;
    onUnreached(lasting, others);
  };

  const silentPeers = async (peers: NetworkPlan['peers']): Promise<Unreached[]> => {
    if (!tunnel || peers.size === 0) return [];
    const [handshakes, now] = [await tunnel.handshakes(), Date.now()];
    return [...peers].flatMap(([key, peer]) => {
      const isNew = now - (since.get(key) ?? now) < patienceMs;
      const isSilent = now / 1000 - (handshakes.get(key) ?? 0) > silentSeconds;
      return peer.ready && isSilent && !isNew ? [{ node: peer.node, why: whySilent(peer) }] : [];
    });
  };

  const withoutDevice = ({ node }: Peer): Unreached => ({
    node,
    why: `WireGuard cannot be set up here (${failure ? errorText(failure.error) : 'its device is gone'}): it needs wg, and a kernel with WireGuard or wireguard-go`,
  });

  return {
    device,
    async apply(nodes) {
      links ??= await linksOf();
      const next = networkPlan({ nodes, nodeName, links, tunnels: tunnel !== undefined });
      plan = next;
      since = new Map([...next.peers.keys()].map((key) => [key, since.get(key) ?? Date.now()]));
      failure = undefined;
      try {
        // With a device of before went its routes.
        if (await tunnel?.apply(next.peers)) forgetRoutes();
      } catch (error) {
        failure = { error };
      }
      const tunnelled = failure ? [] : [...next.peers.values()].flatMap(({ ranges }) => ranges);
      const failures: unknown[] = failure ? [failure.error] : [];
      for (const { routes, source, has } of families) {
        const wanted = new Map<string, Way>();
        for (const [range, via] of next.routes) if (has(range)) wanted.set(range, `via ${via}`);
        for (const range of tunnelled) if (has(range)) wanted.set(range, wayThrough(device, source));
        await routes.apply(wanted).catch((error: unknown) => void failures.push(error));
      }
      if (failures.length > 0) throw failures.at(-1);
    },
    async check() {
      const now = await linksOf();
      const same = String(now) === String(links);
      links = now;
      if (!plan) return same;
      const whole = !tunnel || plan.peers.size === 0 || (await tunnel.isThere());
      const silent = whole && !failure ? await silentPeers(plan.peers) : [...plan.peers.values()].map(withoutDevice);
      tell([...plan.unreached, ...silent], plan.others);
      return same && whole;
    },
    forget() {
      forgetRoutes();
      tunnel?.forget();
    },
    async remove() {
      for (const { routes } of families) await routes.remove();
      await tunnel?.remove();
    },
  };
}

/** The ranges of the machine's links, without those of our own devices. */
async function ownLinks(run: Run, prefix: string, family: '-4' | '-6'): Promise<string[]> {
  const listing = await run('ip', [
    '-j',
    family,
    'addr',
    'show',
    'up',
    ...(family === '-6' ? ['scope', 'global'] : []),
  ]);
  // as: iproute2's own form.
  const listed = parseJson(listing.trim() || '[]') as {
    ifname?: string;
    addr_info?: { local?: string; prefixlen?: number }[];
  }[];
  return listed
    .filter(({ ifname = '' }) => ifname !== 'lo' && !ifname.startsWith(`${prefix}-`))
    .flatMap(({ addr_info = [] }) =>
      addr_info.flatMap(({ local, prefixlen }) => (local === undefined ? [] : [`${local}/${prefixlen ?? 32}`])),
    )
    .sort();
}

function whySilent({ node, endpoint }: Peer): string {
  const open =
    endpoint === undefined
      ? 'it is to dial this node: open incoming UDP 51820 here, and outgoing UDP there'
      : `open UDP to ${endpoint} there, and outgoing UDP here`;
  return `WireGuard hears nothing from ${node} though it is Ready; ${open}`;
}
