// IP addresses as numbers.

import { isIPv6 } from 'node:net';
import { toNumber, toText } from './ipv4.ts';

export interface Ip {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** An address in its usual text; without zones, leading zeros, or IPv4 in IPv6. */
export function parseIp(text: string): Ip | undefined {
  const four = toNumber(text);
  if (four !== undefined) return { family: 4, bits: BigInt(four) };
  if (!isIPv6(text) || text.includes('.') || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  const bits = [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return { family: 6, bits };
}

/** The canonical text (RFC 5952). */
export function formatIp({ family, bits }: Ip): string {
  if (family === 4) return toText(Number(bits));
  const all = Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(16 * (7 - index))) & 0xffffn).toString(16));
  const text = all.join(':');
  // The longest run of at least two zero groups, the first of equal ones.
  const runs: string[] = text.match(/(?<![^:])0(?::0)+(?![^:])/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = runs.indexOf(longest) === 0 ? text.search(/(?<![^:])0(?::0)+(?![^:])/) : text.indexOf(`:${longest}`) + 1;
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
