// Machines of the tests' own on one link: network namespaces, each with one address, on a switch that is a namespace too. The first is for
// the control plane. Everything goes with `remove`.

import { execFileSync } from 'node:child_process';
import type { Host } from './host.ts';
import { runTool } from './kubectl.ts';
import { addNamespaces, removeNamespaces } from './namespaces.ts';

export interface Link {
  readonly hosts: readonly Host[];
  /** The cable of one of them; the others go on. */
  cut(host: Host): void;
  heal(host: Host): void;
  remove(): void;
}

interface LinkIpv6 {
  readonly network: string;
  readonly hosts: number;
}

/**
 * `name` of at most 7 characters; `network` such as 10.210.1. `beyond`: the network of one machine more, the last of the hosts, which stands
 * apart: a router that knows no pods leads there. `ipv6`: a network such as fd10:210:1, of which the first `hosts` have an address too.
 */
export function createLink(name: string, network: string, count: number, beyond?: string, ipv6?: LinkIpv6): Link {
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const names = Array.from({ length: count }, (_, at) => `${name}-${at}`);
  const fabric = `${name}-sw`;
  const apart = beyond === undefined ? [] : [{ name: `${name}-x`, network: beyond }];
  const all = [fabric, ...names, ...apart.map((one) => one.name)];
  const remove = () => removeNamespaces(all.toReversed());
  const port = (host: Host) => `p${names.indexOf(host.name)}`;
  // All of them before any container: see createHost.
  addNamespaces(all);
  try {
    ip('-n', fabric, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', fabric, 'link', 'set', 'br0', 'up');
    names.forEach((each, at) => {
      ip('-n', fabric, 'link', 'add', `p${at}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', each);
      ip('-n', fabric, 'link', 'set', `p${at}`, 'master', 'br0', 'up');
      ip('-n', each, 'link', 'set', 'lo', 'up');
      ip('-n', each, 'addr', 'add', `${network}.${at + 1}/24`, 'dev', 'eth0');
      if (ipv6 !== undefined && at < ipv6.hosts)
        ip('-n', each, 'addr', 'add', `${ipv6.network}::${at + 1}/64`, 'dev', 'eth0', 'nodad');
      ip('-n', each, 'link', 'set', 'eth0', 'up');
      const way = beyond === undefined ? ['dev', 'eth0'] : ['via', `${network}.254`];
      ip('-n', each, 'route', 'add', 'default', ...way);
    });
    for (const { name: each, network: other } of apart) {
      ip('-n', fabric, 'addr', 'add', `${network}.254/24`, 'dev', 'br0');
      ip('-n', fabric, 'link', 'add', 'far', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', each);
      ip('-n', fabric, 'addr', 'add', `${other}.254/24`, 'dev', 'far');
      ip('-n', fabric, 'link', 'set', 'far', 'up');
      ip('-n', each, 'link', 'set', 'lo', 'up');
      ip('-n', each, 'addr', 'add', `${other}.1/24`, 'dev', 'eth0');
      ip('-n', each, 'link', 'set', 'eth0', 'up');
      ip('-n', each, 'route', 'add', 'default', 'via', `${other}.254`);
      const forward = 'echo 1 > /proc/sys/net/ipv4/ip_forward';
      execFileSync('nsenter', [`--net=/run/netns/${fabric}`, 'sh', '-c', forward]);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return {
    hosts: [
      ...names.map((each, at) => hostOf(each, `${network}.${at + 1}`)),
      ...apart.map((each) => hostOf(each.name, `${each.network}.1`)),
    ],
    cut: (host) => void ip('-n', fabric, 'link', 'set', port(host), 'down'),
    heal: (host) => void ip('-n', fabric, 'link', 'set', port(host), 'up'),
    remove,
  };
}

function hostOf(name: string, address: string): Host {
  const enter = ['nsenter', `--net=/run/netns/${name}`] as const;
  return {
    name,
    address,
    enter,
    run: (file, ...args) => runTool(enter[0], [enter[1], file, ...args]),
    remove: () => {},
  };
}
