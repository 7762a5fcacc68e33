// A pod's /etc/hosts. Source: Kubernetes, "Adding entries to Pod /etc/hosts with HostAliases".

import type { Pod } from '../pod/pod.ts';

export function hostsFile(
  pod: Pod,
  ips: readonly string[],
  hostname: string,
  fullName: string | undefined,
  nodeHosts: string,
) {
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}`);
  const own = pod.spec.hostNetwork
    ? ['# Kubernetes-managed hosts file (host network).', nodeHosts.trimEnd()]
    : [
        '# Kubernetes-managed hosts file.',
        '127.0.0.1\tlocalhost',
        '::1\tlocalhost ip6-localhost ip6-loopback',
        'fe00::0\tip6-localnet',
        'fe00::0\tip6-mcastprefix',
        'fe00::1\tip6-allnodes',
        'fe00::2\tip6-allrouters',
        ...ips.map((ip) => [ip, fullName, hostname].filter(Boolean).join('\t')),
      ];
  const added = aliases.length > 0 ? ['', '# Entries added by HostAliases.', ...aliases] : [];
  return `${[...own, ...added].join('\n')}\n`;
}
