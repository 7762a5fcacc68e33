// The node's network devices of ours: the pods' bridge, and the device that carries the cluster DNS address and the route of the
// service range (so that service addresses route on a machine that has no default route).

import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { gatewayOf } from '../../core/machinery/ipv4.ts';
import { parseJson } from '../../core/machinery/json.ts';
import { CommandError } from '../../core/process/run.ts';
import { gateway6Of, type Ipv6Network } from './ipv6.ts';
import { routeProtocol } from './routes.ts';
import type { Run } from './run.ts';

export interface LinkOptions {
  readonly bridge: string;
  /** The device of the service range. */
  readonly service: string;
  readonly nodeIP: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly clusterDNS: string;
  /** In a cluster of both families. */
  readonly ipv6?: Ipv6Network;
  /** Where the node serves the API itself. */
  readonly apiAddress?: string;
}

/** Makes what is missing; running it again changes nothing. Rejects with CommandError. */
export async function setUpLinks(run: Run, options: LinkOptions): Promise<void> {
  const gateway = gatewayOf(options.podCIDR);
  if (!(await exists(run, options.bridge))) {
    // A fixed hardware address: a bridge else takes that of its lowest port, and pods would lose their gateway as others come and go.
    const hardware = gateway === undefined ? [] : ['address', hardwareAddress(gateway)];
    await run('ip', ['link', 'add', options.bridge, ...hardware, 'type', 'bridge']);
  }
  await run('ip', ['link', 'set', options.bridge, 'up']);
  if (gateway !== undefined) await run('ip', ['addr', 'replace', gateway, 'dev', options.bridge]);

  if (!(await exists(run, options.service))) {
    try {
      await run('ip', ['link', 'add', options.service, 'type', 'dummy']);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      // A kernel without the dummy driver: a bridge with no ports carries an address as well.
      await run('ip', ['link', 'add', options.service, 'type', 'bridge']);
    }
  }
  await run('ip', ['link', 'set', options.service, 'up']);
  for (const address of [options.clusterDNS, options.apiAddress])
    if (address !== undefined) await run('ip', ['addr', 'replace', `${address}/32`, 'dev', options.service]);
  // `src`: or the node's own connections to Services would come from the DNS address, which exists on every node.
  await run('ip', [
    ...['route', 'replace', options.serviceCIDR, 'dev', options.service],
    ...['proto', String(routeProtocol), 'src', options.nodeIP],
  ]);
  if (options.ipv6 !== undefined) await setUpIpv6(run, options, options.ipv6);
}

/** The same for the other family. Nobody else has these addresses: they need not be asked for (`nodad`), and are there at once. */
async function setUpIpv6(run: Run, { bridge, service }: LinkOptions, ipv6: Ipv6Network): Promise<void> {
  const gateway = gateway6Of(ipv6);
  if (!existsSync('/proc/sys/net/ipv6'))
    throw new Error(
      'This kernel has no IPv6, of which the pods of this cluster have addresses too: start it with IPv6',
    );
  for (const [device, address] of [
    [bridge, `${gateway}/${ipv6.podCIDR.split('/')[1]}`],
    [service, `${ipv6.clusterDNS}/128`],
  ] as const) {
    // Machines that want none of it on their own links may switch it off for those that come.
    await sysctl(`net/ipv6/conf/${device}/disable_ipv6`, '0');
    // Nor does its link-local address need asking for, by which it asks for neighbours: for two seconds after the first pod of a node,
    // nothing would be passed on.
    await sysctl(`net/ipv6/conf/${device}/accept_dad`, '0');
    // No pod is this node's router.
    await sysctl(`net/ipv6/conf/${device}/accept_ra`, '0');
    await run('ip', ['-6', 'addr', 'replace', address, 'dev', device, 'nodad']);
  }
  await run('ip', [
    ...['-6', 'route', 'replace', ipv6.serviceCIDR, 'dev', service],
    ...['proto', String(routeProtocol), 'src', ipv6.nodeIP ?? gateway],
  ]);
}

/** Removes both devices, and the host ends of pods that are still plugged into the bridge. */
export async function removeLinks(run: Run, options: LinkOptions): Promise<void> {
  if (await exists(run, options.bridge)) {
    const listing = await run('ip', ['-j', 'link', 'show', 'master', options.bridge]);
    for (const { ifname } of parseJson(listing.trim() || '[]') as { ifname?: string }[]) {
      if (ifname !== undefined) await run('ip', ['link', 'del', ifname]).catch(() => undefined); // its pod just went
    }
    await run('ip', ['link', 'del', options.bridge]);
  }
  if (await exists(run, options.service)) await run('ip', ['link', 'del', options.service]);
}

/** A locally administered address made of the IPv4 address. */
function hardwareAddress(cidr: string): string {
  const bytes = (cidr.split('/')[0] ?? '').split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['0a', '5a', ...bytes].join(':');
}

async function exists(run: Run, link: string): Promise<boolean> {
  return run('ip', ['link', 'show', 'dev', link]).then(
    () => true,
    () => false,
  );
}

/** The kernel's switches that a node needs. Rejects when one cannot be set, naming it. */
export async function setSysctls(run: Run, bridge: string, ipv6: boolean): Promise<void> {
  await sysctl('net/ipv4/ip_forward', '1');
  if (ipv6) await forwardIpv6();
  // A pod that reaches a neighbour on its bridge through a Service: the answer must pass our NAT. The switch comes with a module
  // that a fresh machine has not loaded; where it is built in, or cannot be loaded, the next line says what is the matter.
  if (!existsSync('/proc/sys/net/bridge')) await run('modprobe', ['br_netfilter']).catch(() => undefined);
  await sysctl('net/bridge/bridge-nf-call-iptables', '1');
  // A kernel without IPv6 has no such switch, and its pods speak none. Where they do, policies between neighbours hang on it.
  if (ipv6 || existsSync('/proc/sys/net/bridge/bridge-nf-call-ip6tables'))
    await sysctl('net/bridge/bridge-nf-call-ip6tables', '1');
  // localhost:nodePort works for pods of this node; a rule keeps neighbours from using it.
  await sysctl(`net/ipv4/conf/${bridge}/route_localnet`, '1');
}

/** A machine that forwards takes no routes from routers any more, unless it is told to: it would lose its own way out. */
async function forwardIpv6(): Promise<void> {
  const forwarding = 'net/ipv6/conf/all/forwarding';
  const folder = '/proc/sys/net/ipv6/conf';
  if ((await readFile(`/proc/sys/${forwarding}`, 'utf8')).trim() === '1') return;
  for (const link of await readdir(folder)) {
    if (link === 'all' || link === 'default') continue;
    const accepts = `net/ipv6/conf/${link}/accept_ra`;
    if ((await readFile(`/proc/sys/${accepts}`, 'utf8').catch(() => '')).trim() === '1') await sysctl(accepts, '2');
  }
  await sysctl(forwarding, '1');
}

async function sysctl(name: string, value: string): Promise<void> {
  const file = `/proc/sys/${name}`;
  try {
    if ((await readFile(file, 'utf8')).trim() !== value) await writeFile(file, value);
  } catch (cause) {
    const advice = name.startsWith('net/bridge/') ? ': load the kernel module br_netfilter' : '';
    throw new Error(`The kernel setting ${name.replaceAll('/', '.')} must be ${value} and cannot be set${advice}`, {
      cause,
    });
  }
}
