// The programs that a node's agent needs, and the packages that bring them.

import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';

export interface Requirement {
  /** Debian's and Ubuntu's package. */
  readonly name: string;
  /** Fedora's and its relatives', where it has another name. */
  readonly dnf?: string;
  readonly why: string;
  /** Present when one of these is there. */
  readonly files: readonly string[];
}

/** Where distributions put CNI plugins. */
const pluginDirectories = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];

export const nodeRequirements: readonly Requirement[] = [
  { name: 'containerd', why: 'runs the containers', files: ['/usr/bin/containerd', '/usr/local/bin/containerd'] },
  { name: 'runc', why: 'starts each container', files: ['/usr/sbin/runc', '/usr/bin/runc', '/usr/local/sbin/runc'] },
  {
    name: 'containernetworking-plugins',
    why: 'connects pods to the network',
    files: pluginDirectories.map((directory) => `${directory}/bridge`),
  },
  { name: 'nftables', why: 'programs Services and NetworkPolicies', files: ['/usr/sbin/nft'] },
  {
    name: 'iptables',
    dnf: 'iptables-nft',
    why: 'forwards host ports, as the CNI plugin portmap does it',
    files: ['/usr/sbin/iptables', '/sbin/iptables'],
  },
  {
    name: 'conntrack',
    dnf: 'conntrack-tools',
    why: 'forgets connections to endpoints that left',
    files: ['/usr/sbin/conntrack'],
  },
  {
    name: 'iproute2',
    dnf: 'iproute',
    why: 'sets links and routes',
    files: ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'],
  },
  { name: 'wireguard-tools', why: 'sets the tunnels to nodes on other links', files: ['/usr/bin/wg'] },
  ...(kernelHasWireGuard()
    ? []
    : [{ name: 'wireguard-go', why: 'is WireGuard where the kernel has none', files: ['/usr/bin/wireguard-go'] }]),
];

function kernelHasWireGuard(): boolean {
  if (existsSync('/sys/module/wireguard')) return true;
  return ['modules.dep', 'modules.builtin'].some((list) => {
    try {
      return readFileSync(`/lib/modules/${os.release()}/${list}`, 'utf8').includes('/wireguard.ko');
    } catch {
      return false;
    }
  });
}

export function isMissing({ files }: Pick<Requirement, 'files'>): boolean {
  return !files.some((file) => existsSync(file));
}

/** Where this machine has them; Debian's place where it has none yet. */
export function pluginDirectory(): string {
  return pluginDirectories.find((directory) => existsSync(`${directory}/bridge`)) ?? '/usr/lib/cni';
}
