// The CNI configuration that containerd hands to the bridge, host-local and portmap plugins, and the leases that they keep.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ipv6Network } from './ipv6.ts';

export interface CniOptions {
  /** Also the name of host-local's lease folder. */
  readonly name: string;
  readonly bridge: string;
  readonly podCIDR: string;
  /** In a cluster of both families. */
  readonly ipv6?: Pick<Ipv6Network, 'podCIDR'>;
  /** Where host-local keeps its leases. */
  readonly leaseDir: string;
  readonly mtu?: number;
}

/** A network configuration list, CNI 1.0. */
function conflist(options: CniOptions): object {
  const { ipv6 } = options;
  return {
    cniVersion: '1.0.0',
    name: options.name,
    plugins: [
      {
        type: 'bridge',
        bridge: options.bridge,
        isGateway: true,
        // Masquerading is our own rule: it knows the cluster's range, the plugin does not.
        ipMasq: false,
        // A pod may reach itself through its Service.
        hairpinMode: true,
        ...(options.mtu === undefined ? {} : { mtu: options.mtu }),
        ipam: {
          type: 'host-local',
          dataDir: options.leaseDir,
          // IPv4 first: it is status.podIP.
          ranges: [[{ subnet: options.podCIDR }], ...(ipv6 === undefined ? [] : [[{ subnet: ipv6.podCIDR }]])],
          routes: [{ dst: '0.0.0.0/0' }, ...(ipv6 === undefined ? [] : [{ dst: '::/0' }])],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
}

/** Writes the configuration as the only file of `confDir`, whole or not at all: containerd watches the folder. */
export async function writeConflist(confDir: string, options: CniOptions): Promise<void> {
  await mkdir(confDir, { recursive: true });
  const file = join(confDir, '10-zeroplane.conflist');
  await writeFile(`${file}.new`, `${JSON.stringify(conflist(options), null, 2)}\n`);
  await rename(`${file}.new`, file);
}

export async function removeLeases(options: CniOptions): Promise<void> {
  await rm(join(options.leaseDir, options.name), { recursive: true, force: true });
}
