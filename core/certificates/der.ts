// DER, read strictly (X.690, section 10): each value has one encoding, and whatever has another is refused. All that the cluster takes
// from certificates and requests for them goes through here, so that no two parts can read one credential as two.

/** One value. `content` and `whole` lie in the bytes that were read. */
export interface Der {
  /** The identifier octet: class, constructed or primitive, and number. */
  readonly tag: number;
  readonly content: Buffer;
  /** With its tag and length. */
  readonly whole: Buffer;
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of `[number]`, as in `[0] IMPLICIT ...`. */
export function contextTag(number: number, constructed: boolean): number {
  return 0x80 | (constructed ? 0x20 : 0) | number;
}

/** The one value that fills `bytes`. Throws an Error when there is more, less, or another encoding than DER's. */
export function readDer(bytes: Uint8Array): Der {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = valueAt(buffer, 0);
  if (value.whole.length !== buffer.length) throw new Error('there are bytes after its end');
  return value;
}

/** The values that a SEQUENCE, a SET or a constructed `[n]` holds, one after another. */
export function childrenOf({ tag, content }: Der): Der[] {
  if ((tag & 0x20) === 0) throw new Error(`a constructed value is wanted where there is a primitive one (tag ${tag})`);
  const children: Der[] = [];
  for (let at = 0; at < content.length; ) {
    const child = valueAt(content, at);
    children.push(child);
    at += child.whole.length;
  }
  return children;
}

/** The children of a value of a known tag. */
export function childrenOfTag(value: Der | undefined, tag: number, what: string): Der[] {
  return childrenOf(withTag(value, tag, what));
}

export function withTag(value: Der | undefined, tag: number, what: string): Der {
  if (value?.tag !== tag) throw new Error(`${what} is missing, or is something else`);
  return value;
}

/** In dots, such as `2.5.4.3`. */
export function oidOf(value: Der | undefined): string {
  const { content } = withTag(value, tags.oid, 'an object identifier');
  const arcs: bigint[] = [];
  let arc = 0n;
  let first = true;
  for (const byte of content) {
    if (first && byte === 0x80) throw new Error('an object identifier is not in its shortest form');
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    first = byte < 0x80;
    if (!first) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [head] = arcs;
  if (head === undefined || !first) throw new Error('an object identifier is cut off');
  const root = head < 80n ? head / 40n : 2n;
  return [root, head - root * 40n, ...arcs.slice(1)].join('.');
}

export function booleanOf(value: Der | undefined): boolean {
  const { content } = withTag(value, tags.boolean, 'a boolean');
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
    throw new Error('a boolean is neither 00 nor FF');
  return content[0] === 0xff;
}

/** The bits of a BIT STRING of whole bytes. */
export function wholeBytesOf(value: Der | undefined): Buffer {
  const { content } = withTag(value, tags.bitString, 'a bit string');
  if (content[0] !== 0) throw new Error('a bit string does not end with a whole byte');
  return content.subarray(1);
}

/** Unix milliseconds of a UTCTime or GeneralizedTime in the form that RFC 5280, section 4.1.2.5, asks for. */
export function timeOf(value: Der | undefined): number {
  const text = value?.content.toString('latin1') ?? '';
  const pattern = value?.tag === tags.utcTime ? shortTime : longTime;
  if (value?.tag !== tags.utcTime && value?.tag !== tags.generalizedTime) throw new Error('a time is missing');
  const [, years = '', rest = ''] = pattern.exec(text) ?? [];
  const year = value.tag === tags.generalizedTime ? years : `${Number(years) < 50 ? '20' : '19'}${years}`;
  const iso = `${year}-${rest.replace(/^(..)(..)(..)(..)(..)$/, '$1-$2T$3:$4:$5')}.000Z`;
  const time = Date.parse(iso);
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso) throw new Error(`${JSON.stringify(text)} is no time`);
  return time;
}

const shortTime = /^(\d{2})(\d{10})Z$/;
const longTime = /^(\d{4})(\d{10})Z$/;

function valueAt(bytes: Buffer, at: number): Der {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) throw new Error('it is cut off');
  if ((tag & 0x1f) === 0x1f) throw new Error('a tag has a number above 30');
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) throw new Error('a length is indefinite, or too long');
    if (start + octets > bytes.length) throw new Error('it is cut off');
    length = bytes.readUIntBE(start, octets);
    start += octets;
    if (length < (octets === 1 ? 0x80 : 2 ** (8 * (octets - 1))))
      throw new Error('a length is not in its shortest form');
  }
  const end = start + length;
  if (end > bytes.length) throw new Error('it is cut off');
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) };
}
