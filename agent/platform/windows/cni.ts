// The configuration of the CNI plugin win-bridge: pods on a switch of their own, with addresses of the node's range.
// Source: https://www.cni.dev/plugins/current/main/win-bridge/, and flannel's host gateway on Windows.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rangeOf, toText } from '../../../core/machinery/ipv4.ts';

/** Before other configurations of the directory: containerd takes the first. */
const fileName = '05-zeroplane.conflist';

export interface WinBridgeOptions {
  /** Of the HNS network too. */
  readonly name: string;
  readonly podCIDR: string;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  readonly nodeIP: string;
  readonly leaseDir: string;
}

export interface PodRange {
  /** Of the switch. */
  readonly gateway: string;
  /** Of the machine on that switch: pods' way out. */
  readonly host: string;
  readonly length: number;
  /** The first that a pod may have. */
  readonly first: string;
  readonly last: string;
}

/** Throws where the range is too small for a pod. */
export function podRange(podCIDR: string): PodRange {
  const range = rangeOf(podCIDR);
  if (range === undefined || range.length > 29)
    throw new Error(`the node's range of pod addresses ${podCIDR} is too small`);
  const at = (offset: number) => toText(range.first + offset);
  return { gateway: at(1), host: at(2), length: range.length, first: at(3), last: toText(range.last - 1) };
}

function winBridge(options: WinBridgeOptions): object {
  const { name, podCIDR, clusterCIDR, serviceCIDR, nodeIP, leaseDir } = options;
  const { host, first, last } = podRange(podCIDR);
  const policy = (value: object) => ({ Name: 'EndpointPolicy', Value: value });
  return {
    cniVersion: '0.3.0',
    name,
    plugins: [
      {
        type: 'win-bridge',
        capabilities: { portMappings: true, dns: true },
        loopbackDSR: true,
        ipam: {
          type: 'host-local',
          dataDir: leaseDir,
          ranges: [[{ subnet: podCIDR, rangeStart: first, rangeEnd: last, gateway: host }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
        policies: [
          // Addresses of pods and Services stay as they are; all else leaves as the node.
          policy({ Type: 'OutBoundNAT', ExceptionList: [clusterCIDR, serviceCIDR] }),
          policy({ Type: 'ROUTE', DestinationPrefix: serviceCIDR, NeedEncap: true }),
          policy({ Type: 'ROUTE', DestinationPrefix: `${nodeIP}/32`, NeedEncap: true }),
        ],
      },
    ],
  };
}

export async function writeWinBridge(confDir: string, options: WinBridgeOptions): Promise<void> {
  await mkdir(confDir, { recursive: true });
  await writeFile(path.join(confDir, fileName), `${JSON.stringify(winBridge(options), null, 2)}\n`);
}

export async function removeWinBridge(confDir: string): Promise<void> {
  await rm(path.join(confDir, fileName), { force: true });
}
