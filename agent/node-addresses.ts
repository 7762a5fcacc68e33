// The addresses that a node has, as its command line and its machine say.

import os from 'node:os';
import { canonicalAddress, familyOf } from '../core/machinery/cidr.ts';
import { CommandLineError } from '../core/process/command-line.ts';

export interface NodeAddresses {
  readonly nodeIP: string;
  /** The IPv6 of the same interface, or what was given for it. In a cluster of both families nodes on its link reach it by this. */
  readonly nodeIPv6: string | undefined;
}

/** As kubelet takes them: one, or one of each family with a comma between; here the first is of IPv4. */
export function nodeAddresses(text: string | undefined): NodeAddresses {
  const [nodeIP = firstAddress(), given, ...more] = text?.split(',').map((each) => each.trim()) ?? [];
  if (!nodeIP) throw new CommandLineError('--node-ip is missing, and no network interface has an IPv4 address');
  if (given !== undefined && (familyOf(nodeIP) !== 'IPv4' || familyOf(given) !== 'IPv6' || more.length > 0))
    throw new CommandLineError(
      `--node-ip: "${text}" is none: give an IPv4 address, or one and an IPv6 address after a comma`,
    );
  return { nodeIP, nodeIPv6: given === undefined ? ipv6Beside(nodeIP) : canonicalAddress(given) };
}

function ipv6Beside(nodeIP: string): string | undefined {
  const link = Object.values(os.networkInterfaces()).find((each) => each?.some(({ address }) => address === nodeIP));
  return link?.find(({ family, address, internal }) => family === 'IPv6' && !internal && !/^fe[89ab]/.test(address))
    ?.address;
}

function firstAddress(): string | undefined {
  for (const addresses of Object.values(os.networkInterfaces()))
    for (const each of addresses ?? []) if (each.family === 'IPv4' && !each.internal) return each.address;
  return undefined;
}
