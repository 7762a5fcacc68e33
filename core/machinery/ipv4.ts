// IPv4 addresses and ranges as plain numbers, for those who reckon with many of one family: rules and DNS of a node. For both families: ip.ts, cidr.ts.

/** The address as a number, or undefined when `text` is none. */
export function toNumber(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

export function toText(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** First and last address of a CIDR (or a single address), or undefined when it is none. */
export function rangeOf(cidr: string): { first: number; last: number; length: number } | undefined {
  const [address = '', suffix = '32'] = cidr.split('/');
  const value = toNumber(address);
  const length = Number(suffix);
  if (value === undefined || !/^\d{1,2}$/.test(suffix) || length > 32) return undefined;
  const size = 2 ** (32 - length);
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1, length };
}

export function contains(cidr: string, address: string): boolean {
  const range = rangeOf(cidr);
  const value = toNumber(address);
  return range !== undefined && value !== undefined && value >= range.first && value <= range.last;
}

/** The first host address of a CIDR, with its prefix length: what the bridge of a node's pods carries. */
export function gatewayOf(cidr: string): string | undefined {
  const range = rangeOf(cidr);
  return range === undefined || range.length > 30 ? undefined : `${toText(range.first + 1)}/${range.length}`;
}
