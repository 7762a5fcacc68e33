// Machines of the tests' own in several networks that meet in a router: network namespaces, some behind a NAT of their own. The router knows the
// networks that it carries, and no pods. Everything goes with `remove`.

import { execFileSync } from 'node:child_process';
import type { Host } from './host.ts';
import { runTool } from './kubectl.ts';
import { addNamespaces, removeNamespaces } from './namespaces.ts';

export interface Site {
  /** Such as 10.1.0: of its one machine, which is .1 there, and its way out .254. */
  readonly network: string;
  /** Such as 198.51.100: it stands behind a NAT that others see as .1 of this. */
  readonly behind?: string;
}

export interface Sites {
  readonly hosts: readonly Host[];
  remove(): void;
}

/** `name` of at most 6 characters. */
export function createSites(name: string, sites: readonly Site[]): Sites {
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const inside = (namespace: string, program: string, ...args: string[]) =>
    execFileSync('nsenter', [`--net=/run/netns/${namespace}`, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const router = `${name}-rt`;
  const hostName = (at: number) => `${name}-${at}`;
  const natName = (at: number) => `${name}-n${at}`;
  const names = [router, ...sites.flatMap(({ behind }, at) => [hostName(at), ...(behind ? [natName(at)] : [])])];
  const remove = () => removeNamespaces(names);
  /** A cable: `inner` has .1 of the network and its way out at `outer`, which has .254. */
  const connect = (inner: string, innerLink: string, outer: string, outerLink: string, network: string) => {
    ip('-n', inner, 'link', 'add', innerLink, 'type', 'veth', 'peer', 'name', outerLink, 'netns', outer);
    for (const [namespace, link, last] of [
      [inner, innerLink, 1],
      [outer, outerLink, 254],
    ] as const) {
      ip('-n', namespace, 'addr', 'add', `${network}.${last}/24`, 'dev', link);
      ip('-n', namespace, 'link', 'set', link, 'up');
    }
    ip('-n', inner, 'route', 'add', 'default', 'via', `${network}.254`);
  };
  const forward = (namespace: string) => inside(namespace, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
  // All of them before any container: see createHost.
  addNamespaces(names);
  try {
    for (const each of names) ip('-n', each, 'link', 'set', 'lo', 'up');
    forward(router);
    sites.forEach(({ network, behind }, at) => {
      if (behind === undefined) {
        connect(hostName(at), 'eth0', router, `s${at}`, network);
        return;
      }
      connect(hostName(at), 'eth0', natName(at), 'lan', network);
      connect(natName(at), 'wan', router, `s${at}`, behind);
      forward(natName(at));
      inside(natName(at), 'nft', 'add table ip nat');
      inside(natName(at), 'nft', 'add chain ip nat out { type nat hook postrouting priority 100; }');
      inside(natName(at), 'nft', 'add rule ip nat out oifname wan masquerade');
    });
  } catch (error) {
    remove();
    throw error;
  }
  return {
    hosts: sites.map(({ network }, at): Host => {
      const enter = ['nsenter', `--net=/run/netns/${hostName(at)}`] as const;
      return {
        name: hostName(at),
        address: `${network}.1`,
        enter,
        run: (file, ...args) => runTool(enter[0], [enter[1], file, ...args]),
        remove: () => {},
      };
    }),
    remove,
  };
}
