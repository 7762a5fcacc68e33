// The functions that Kubernetes adds to CEL for URLs, IP addresses and CIDRs.

import type { Environment } from '@marcbachmann/cel-js';
import { CelCallError } from './cel-call-error.ts';
import { formatIp, type Ip, parseIp } from './ip.ts';

export function registerCelNetwork(environment: Environment): void {
  registerUrls(environment);
  registerAddresses(environment);
}

// Classes, because the library tells types apart by constructor.
class CelUrl {
  readonly url: URL;
  constructor(url: URL) {
    this.url = url;
  }
}

class CelIps {}

class CelIp {
  readonly ip: Ip;
  constructor(ip: Ip) {
    this.ip = ip;
  }
}

class CelCidr {
  readonly ip: Ip;
  readonly prefix: number;
  constructor(ip: Ip, prefix: number) {
    this.ip = ip;
    this.prefix = prefix;
  }
}

function registerUrls(environment: Environment): void {
  const add = environment.registerFunction.bind(environment);
  environment.registerType('kubernetes.URL', CelUrl);
  add('url(string): kubernetes.URL', (text: string) => {
    const url = URL.parse(text);
    if (!url) throw new CelCallError(`URL parse error during conversion from string: ${JSON.stringify(text)}`);
    return new CelUrl(url);
  });
  add('isURL(string): bool', (text: string) => URL.canParse(text));
  add('kubernetes.URL.getScheme(): string', ({ url }: CelUrl) => url.protocol.slice(0, -1));
  add('kubernetes.URL.getHost(): string', ({ url }: CelUrl) => url.host);
  add('kubernetes.URL.getHostname(): string', ({ url }: CelUrl) => url.hostname.replace(/^\[|\]$/g, ''));
  add('kubernetes.URL.getPort(): string', ({ url }: CelUrl) => url.port);
  add('kubernetes.URL.getEscapedPath(): string', ({ url }: CelUrl) => url.pathname);
  add('kubernetes.URL.getQuery(): map<string, list<string>>', ({ url }: CelUrl) => {
    return new Map([...url.searchParams.keys()].map((key) => [key, url.searchParams.getAll(key)]));
  });
}

function registerAddresses(environment: Environment): void {
  const add = environment.registerFunction.bind(environment);
  environment.registerType('net.IP', CelIp);
  environment.registerType('net.CIDR', CelCidr);
  add('ip(string): net.IP', (text: string) => new CelIp(requireIp(text)));
  add('isIP(string): bool', (text: string) => parseIp(text) !== undefined);
  environment.registerType('kubernetes.IPs', CelIps);
  environment.registerConstant('ip', 'kubernetes.IPs', new CelIps());
  add('kubernetes.IPs.isCanonical(string): bool', (_: CelIps, text: string) => formatIp(requireIp(text)) === text);
  add('cidr(string): net.CIDR', requireCidr);
  add('isCIDR(string): bool', (text: string) => parseCidr(text) !== undefined);
  add('string(net.IP): string', ({ ip }: CelIp) => formatIp(ip));
  add('string(net.CIDR): string', ({ ip, prefix }: CelCidr) => `${formatIp(ip)}/${prefix}`);
  add('net.IP.family(): int', ({ ip }: CelIp) => BigInt(ip.family));
  add('net.IP.isUnspecified(): bool', ({ ip }: CelIp) => ip.bits === 0n);
  add('net.IP.isLoopback(): bool', ({ ip }: CelIp) => within(ip, ip.family === 4 ? '127.0.0.0/8' : '::1/128'));
  add('net.IP.isLinkLocalUnicast(): bool', ({ ip }: CelIp) =>
    within(ip, ip.family === 4 ? '169.254.0.0/16' : 'fe80::/10'),
  );
  add('net.IP.isLinkLocalMulticast(): bool', ({ ip }: CelIp) =>
    within(ip, ip.family === 4 ? '224.0.0.0/24' : 'ff02::/16'),
  );
  add('net.IP.isGlobalUnicast(): bool', ({ ip }: CelIp) =>
    ip.family === 4
      ? ip.bits !== 0n && ip.bits !== 0xffffffffn && !notGlobal4.some((each) => within(ip, each))
      : ip.bits !== 0n && !notGlobal6.some((each) => within(ip, each)),
  );
  add('net.CIDR.containsIP(net.IP): bool', (cidr: CelCidr, { ip }: CelIp) =>
    contains(cidr, ip, ip.family === 4 ? 32 : 128),
  );
  add('net.CIDR.containsIP(string): bool', (cidr: CelCidr, text: string) => {
    const ip = requireIp(text);
    return contains(cidr, ip, ip.family === 4 ? 32 : 128);
  });
  add('net.CIDR.containsCIDR(net.CIDR): bool', (cidr: CelCidr, other: CelCidr) =>
    contains(cidr, other.ip, other.prefix),
  );
  add('net.CIDR.containsCIDR(string): bool', (cidr: CelCidr, text: string) => {
    const other = requireCidr(text);
    return contains(cidr, other.ip, other.prefix);
  });
  add('net.CIDR.ip(): net.IP', ({ ip }: CelCidr) => new CelIp(ip));
  add('net.CIDR.prefixLength(): int', ({ prefix }: CelCidr) => BigInt(prefix));
  add(
    'net.CIDR.masked(): net.CIDR',
    ({ ip, prefix }: CelCidr) => new CelCidr({ ...ip, bits: mask(ip, prefix) }, prefix),
  );
}

/** Loopback, link-local and multicast, as Go's net package has them; private addresses are global unicast to it. */
const notGlobal4 = ['127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4'];
const notGlobal6 = ['::1/128', 'fe80::/10', 'ff00::/8'];

function requireIp(text: string): Ip {
  const ip = parseIp(text);
  if (!ip) throw new CelCallError(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  return ip;
}

function requireCidr(text: string): CelCidr {
  const cidr = parseCidr(text);
  if (!cidr)
    throw new CelCallError(`network address parse error during conversion from string: ${JSON.stringify(text)}`);
  return cidr;
}

function parseCidr(text: string): CelCidr | undefined {
  const [, address = '', length = ''] = /^(.+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const ip = parseIp(address);
  if (!ip || Number(length) > (ip.family === 4 ? 32 : 128)) return undefined;
  return new CelCidr(ip, Number(length));
}

function within(ip: Ip, cidr: string): boolean {
  return contains(requireCidr(cidr), ip, ip.family === 4 ? 32 : 128);
}

function contains(cidr: CelCidr, ip: Ip, prefix: number): boolean {
  return cidr.ip.family === ip.family && prefix >= cidr.prefix && mask(ip, cidr.prefix) === mask(cidr.ip, cidr.prefix);
}

function mask({ family, bits }: Ip, prefix: number): bigint {
  const rest = BigInt((family === 4 ? 32 : 128) - prefix);
  return (bits >> rest) << rest;
}
