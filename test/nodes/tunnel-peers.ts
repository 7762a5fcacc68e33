// The peers of one machine's own WireGuard. `wg show all` would name those of all machines here: wireguard-go has a socket for each device, in
// one folder for all network namespaces.

import type { Host } from '../tools/host.ts';

export interface TunnelPeer {
  /** None: it has not been heard of, and is not dialled. */
  readonly endpoint: string | undefined;
  readonly ranges: readonly string[];
}

export async function tunnelPeers({ name, run }: Host): Promise<TunnelPeer[]> {
  const [device] = /\bzp-wg[0-9a-f]{4}\b/.exec((await run('ip', '-br', 'link')).stdout) ?? [];
  if (device === undefined) throw new Error(`${name} has no WireGuard`);
  // Of the device itself, and then a line each: key, preshared key, endpoint, ranges (wg(8)).
  const [, ...peers] = (await run('wg', 'show', device, 'dump')).stdout.trim().split('\n');
  return peers.map((line) => {
    const [, , endpoint = '(none)', ranges = '(none)'] = line.split('\t');
    return {
      endpoint: endpoint === '(none)' ? undefined : endpoint,
      ranges: ranges === '(none)' ? [] : ranges.split(','),
    };
  });
}
