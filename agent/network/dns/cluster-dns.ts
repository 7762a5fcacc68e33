// Cluster DNS of one node: the server, and the zone of the newest state (made when somebody asks, not with every change).

import { unlessSame } from '../unless-same.ts';
import { createDnsServer, type DnsServer } from './server.ts';
import { Upstream } from './upstream.ts';
import { buildZone, type Zone, type ZoneInput } from './zone.ts';

export interface ClusterDnsOptions {
  readonly domain: string;
  /** The addresses of the server: one of each family that the cluster has. */
  readonly clusterDNS: readonly string[];
  readonly port?: number;
  readonly reverse: readonly string[];
  readonly resolvConf: string;
  readonly onError: (error: unknown) => void;
}

export type Records = Pick<ZoneInput, 'services' | 'endpointSlices' | 'namespaces'>;

export function createClusterDns(options: ClusterDnsOptions): DnsServer & { update(records: Records): void } {
  let records: Records | undefined;
  let zone: Zone | undefined;
  const known = unlessSame();
  const server = createDnsServer({
    addresses: options.clusterDNS,
    ...(options.port === undefined ? {} : { port: options.port }),
    zone: () => {
      if (records !== undefined) zone ??= buildZone({ ...options, ...records });
      return zone;
    },
    upstream: new Upstream({ resolvConf: options.resolvConf, excluded: options.clusterDNS }),
    onError: options.onError,
  });
  return {
    ...server,
    update(changed) {
      const { services, endpointSlices, namespaces } = changed;
      if (known.has([services, endpointSlices, namespaces])) return;
      records = { services, endpointSlices, namespaces };
      zone = undefined;
    },
  };
}
