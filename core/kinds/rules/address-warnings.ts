// Addresses that are taken as they are and have a better form: in one form, everybody means the same address by it (KEP-4858).

import { addressAt, canonicalAddress, familyOf, parseCidr } from '../../machinery/cidr.ts';

export function warnOfAddress(address: string | undefined, path: string): string[] {
  if (!address || familyOf(address) === 'IPv4') return [];
  const mapped = familyOf(address) ? mappedAddress(address) : withoutZeros(address);
  if (mapped !== undefined && !familyOf(mapped)) return [];
  if (mapped !== undefined)
    return [
      `${path}: non-standard IP address "${address}" will be considered invalid in a future Kubernetes release: use "${mapped}"`,
    ];
  const canonical = canonicalAddress(address);
  return canonical === address
    ? []
    : [`${path}: IPv6 address "${address}" should be in RFC 5952 canonical format ("${canonical}")`];
}

export function warnOfCidr(text: string | undefined, path: string): string[] {
  const [address = '', length = ''] = text?.split('/') ?? [];
  if (!text || !parseCidr(text)) return [];
  const mapped = mappedAddress(address);
  const plain = mapped ?? canonicalAddress(address);
  const bits = mapped === undefined ? Number(length) : Math.max(0, Number(length) - 96);
  const cidr = parseCidr(`${plain}/${bits}`);
  if (!cidr) return [];
  const first = addressAt(cidr, 0n);
  const network = `${first}/${bits}`;
  const warnings: string[] = [];
  if (first !== plain)
    warnings.push(
      `${path}: CIDR value "${text}" is ambiguous in this context (should be "${network}" or "${plain}/${cidr.family === 'IPv6' ? 128 : 32}"?)`,
    );
  if (mapped !== undefined || /^0[0-9]/.test(length))
    warnings.push(
      `${path}: non-standard CIDR value "${text}" will be considered invalid in a future Kubernetes release: use "${network}"`,
    );
  else if (cidr.family === 'IPv6' && text !== `${plain}/${bits}`)
    warnings.push(`${path}: IPv6 CIDR value "${text}" should be in RFC 5952 canonical format ("${plain}/${bits}")`);
  return warnings;
}

/** An address with the zeros gone that may stand before a number of IPv4, also at the end of IPv6. */
export function withoutZeros(text: string): string {
  return text.replace(/(?<!\d)(?:\d+\.){3}\d+$/, (four) => four.replace(/(?<!\d)0+(?=\d)/g, ''));
}

/** The IPv4 address in `::ffff:a.b.c.d`, however that is written. */
export function mappedAddress(address: string): string | undefined {
  if (familyOf(address) !== 'IPv6') return undefined;
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonicalAddress(address)) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const number = Number.parseInt(high, 16) * 65536 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
