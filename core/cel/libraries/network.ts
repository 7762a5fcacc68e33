// IP addresses and CIDRs. Source: Kubernetes' CEL libraries "ip" and "cidr"; Go's net/netip.

import { formatIp, type Ip, parseIp } from '../../machinery/ip.ts';
import { declared, global, type Library, member, typeConstant } from '../check/environment.ts';
import { bool, int, opaque, string } from '../types/types.ts';
import { Failure, fail, OpaqueValue, TypeValue, type Value } from '../values/values.ts';

const ipType = opaque('net.IP');
const cidrType = opaque('net.CIDR');

class IpValue extends OpaqueValue {
  readonly type = ipType;
  readonly ip: Ip;
  constructor(ip: Ip) {
    super();
    this.ip = ip;
  }
  override get size(): number {
    return bytesOf(this.ip);
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof IpValue && this.ip.family === other.ip.family && this.ip.bits === other.ip.bits;
  }
}

class CidrValue extends OpaqueValue {
  readonly type = cidrType;
  readonly ip: Ip;
  readonly prefix: number;
  constructor(ip: Ip, prefix: number) {
    super();
    this.ip = ip;
    this.prefix = prefix;
  }
  override get size(): number {
    return Math.ceil(this.prefix / 8);
  }
  equals(other: OpaqueValue): boolean {
    if (!(other instanceof CidrValue) || this.prefix !== other.prefix) return false;
    return this.ip.family === other.ip.family && this.ip.bits === other.ip.bits;
  }
}

function bytesOf({ family }: Ip): number {
  return family === 4 ? 4 : 16;
}

function bitsOf(ip: Ip): number {
  return bytesOf(ip) * 8;
}

export const network: Library = {
  functions: [
    declared(
      'ip',
      global('string_to_ip', [string], ipType, readIp),
      member('cidr_ip', [cidrType], ipType, ({ ip }: CidrValue) => new IpValue(ip)),
    ),
    declared(
      'isIP',
      global('is_ip', [string], bool, (text: string) => parseIp(text) !== undefined),
    ),
    declared(
      'ip.isCanonical',
      global('ip_is_canonical', [string], bool, (text: string): Value => {
        const ip = readIp(text);
        return ip instanceof Failure ? ip : formatIp(ip.ip) === text;
      }),
    ),
    declared(
      'string',
      global('ip_to_string', [ipType], string, ({ ip }: IpValue) => formatIp(ip)),
      global('cidr_to_string', [cidrType], string, ({ ip, prefix }: CidrValue) => `${formatIp(ip)}/${prefix}`),
    ),
    declared(
      'family',
      member('family', [ipType], int, ({ ip }: IpValue) => BigInt(ip.family)),
    ),
    property('isUnspecified', (ip) => ip.bits === 0n),
    property('isLoopback', (ip) => isWithin(ip, '127.0.0.0/8', '::1/128')),
    property('isLinkLocalMulticast', (ip) => isWithin(ip, '224.0.0.0/24', 'ff02::/16')),
    property('isLinkLocalUnicast', (ip) => isWithin(ip, '169.254.0.0/16', 'fe80::/10')),
    property('isGlobalUnicast', isGlobalUnicast),
    declared('cidr', global('string_to_cidr', [string], cidrType, readCidr)),
    declared(
      'isCIDR',
      global('is_cidr', [string], bool, (text: string) => parseCidr(text) !== undefined),
    ),
    declared(
      'containsIP',
      member('cidr_contains_ip_string', [cidrType, string], bool, (cidr: CidrValue, text: string): Value => {
        const ip = readIp(text);
        return ip instanceof Failure ? ip : contains(cidr, ip.ip, bitsOf(ip.ip));
      }),
      member('cidr_contains_ip_ip', [cidrType, ipType], bool, (cidr: CidrValue, { ip }: IpValue) =>
        contains(cidr, ip, bitsOf(ip)),
      ),
    ),
    declared(
      'containsCIDR',
      member('cidr_contains_cidr_string', [cidrType, string], bool, (cidr: CidrValue, text: string): Value => {
        const other = readCidr(text);
        return other instanceof Failure ? other : contains(cidr, other.ip, other.prefix);
      }),
      member('cidr_contains_cidr', [cidrType, cidrType], bool, (cidr: CidrValue, { ip, prefix }: CidrValue) =>
        contains(cidr, ip, prefix),
      ),
    ),
    declared(
      'prefixLength',
      member('cidr_prefix_length', [cidrType], int, ({ prefix }: CidrValue) => BigInt(prefix)),
    ),
    declared('masked', member('cidr_masked', [cidrType], cidrType, masked)),
  ],
  constants: [ipType, cidrType].map((type) => typeConstant(type.name, type, new TypeValue(type.name))),
};

function property(name: string, holds: (ip: Ip) => boolean) {
  return declared(
    name,
    member(`ip_${name}`, [ipType], bool, ({ ip }: IpValue) => holds(ip)),
  );
}

function readIp(text: string): IpValue | Failure {
  const ip = parseIp(text);
  if (ip) return new IpValue(ip);
  return fail(
    `IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`,
  );
}

function readCidr(text: string): CidrValue | Failure {
  const cidr = parseCidr(text);
  if (cidr) return cidr;
  return fail(
    `network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): invalid CIDR`,
  );
}

function parseCidr(text: string): CidrValue | undefined {
  const [, address = '', length = ''] = /^(.+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const ip = parseIp(address);
  return !ip || Number(length) > bitsOf(ip) ? undefined : new CidrValue(ip, Number(length));
}

function isWithin(ip: Ip, four: string, six: string): boolean {
  const cidr = parseCidr(ip.family === 4 ? four : six);
  return cidr !== undefined && contains(cidr, ip, bitsOf(ip));
}

/** As Go has it: private addresses are global too. */
function isGlobalUnicast(ip: Ip): boolean {
  if (ip.bits === 0n || (ip.family === 4 && ip.bits === 0xffffffffn)) return false;
  if (isWithin(ip, '127.0.0.0/8', '::1/128') || isWithin(ip, '224.0.0.0/4', 'ff00::/8')) return false;
  return !isWithin(ip, '169.254.0.0/16', 'fe80::/10');
}

function contains(cidr: CidrValue, ip: Ip, prefix: number): boolean {
  return cidr.ip.family === ip.family && prefix >= cidr.prefix && mask(ip, cidr.prefix) === mask(cidr.ip, cidr.prefix);
}

function masked({ ip, prefix }: CidrValue): CidrValue {
  return new CidrValue({ ...ip, bits: mask(ip, prefix) }, prefix);
}

function mask(ip: Ip, prefix: number): bigint {
  const rest = BigInt(bitsOf(ip) - prefix);
  return (ip.bits >> rest) << rest;
}
