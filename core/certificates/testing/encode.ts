// DER and certificate requests made by hand, for tests: whatever a hostile client could send, and no library would write.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { getOwn } from '../../machinery/own.ts';

export type Bytes = Uint8Array;

/** One value: its identifier octet, and what it holds. */
export function der(tag: number, ...parts: readonly Bytes[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const octets =
    length < 0x100
      ? [length]
      : length < 0x10000
        ? [length >> 8, length & 0xff]
        : [length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from([tag, 0x80 | octets.length, ...octets]), content]);
}

export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const octets = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      octets.unshift(0x80 | (left & 0x7f));
    return octets;
  });
  return der(0x06, Buffer.from(bytes));
}

export interface HandmadeAttribute {
  readonly type: string;
  readonly tag: number;
  readonly value: Bytes;
}

export const encodings = {
  utf8: 0x0c,
  numeric: 0x12,
  printable: 0x13,
  teletex: 0x14,
  ia5: 0x16,
  universal: 0x1c,
  bmp: 0x1e,
} as const;

export function attribute(
  type: 'CN' | 'O' | string,
  text: string | Bytes,
  tag: number = encodings.utf8,
): HandmadeAttribute {
  const types: Record<string, string> = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11' };
  return { type: getOwn(types, type) ?? type, tag, value: typeof text === 'string' ? Buffer.from(text) : text };
}

/** Sets, in the order in which they are given. */
export function nameOf(sets: readonly (readonly HandmadeAttribute[])[]): Buffer {
  return der(
    0x30,
    ...sets.map((set) => der(0x31, ...set.map(({ type, tag, value }) => der(0x30, oid(type), der(tag, value))))),
  );
}

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ecdsaWithSha256 = der(0x30, oid('1.2.840.10045.4.3.2'));

export interface HandmadeRequest {
  /** DER. */
  readonly name: Bytes;
  /** DER of each Extension. */
  readonly extensions?: readonly Bytes[];
  readonly publicKey?: KeyObject | Bytes;
  readonly privateKey?: KeyObject;
  readonly algorithm?: { readonly identifier: Bytes; readonly hash: string | null };
}

/** PEM. Signed rightly by its own key, unless it is told otherwise. */
export function handmadeRequest(wanted: HandmadeRequest): string {
  const { name, extensions, privateKey = keys.privateKey, publicKey = keys.publicKey, algorithm } = wanted;
  const spki = publicKey instanceof Uint8Array ? publicKey : publicKey.export({ type: 'spki', format: 'der' });
  const attributes = extensions ? [der(0x30, oid('1.2.840.113549.1.9.14'), der(0x31, der(0x30, ...extensions)))] : [];
  const info = der(0x30, der(0x02, Buffer.from([0])), name, spki, der(0xa0, ...attributes));
  const signature = sign(algorithm ? algorithm.hash : 'sha256', info, privateKey);
  return pemOf(
    'CERTIFICATE REQUEST',
    der(0x30, info, algorithm?.identifier ?? ecdsaWithSha256, der(0x03, Buffer.from([0]), signature)),
  );
}

export function extension(type: string, value: Bytes, critical = false): Buffer {
  return der(0x30, oid(type), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
}

export interface HandmadeCertificate {
  /** DER. */
  readonly name: Bytes;
  readonly extensions?: readonly Bytes[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** DER, for the key of all handmade requests, signed by `signer` under the name `issuer` (DER). */
export function handmadeCertificate(
  wanted: HandmadeCertificate,
  signer: KeyObject = keys.privateKey,
  issuer?: Bytes,
): Buffer {
  const { name, extensions = [], notBefore = new Date('2026-01-01'), notAfter = new Date('2049-01-01') } = wanted;
  const time = (date: Date) =>
    der(
      0x17,
      Buffer.from(
        `${date
          .toISOString()
          .replace(/[-:T]|\.\d+/g, '')
          .slice(2)}`,
      ),
    );
  const tbs = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    issuer ?? nameOf([[attribute('CN', 'ca')]]),
    der(0x30, time(notBefore), time(notAfter)),
    name,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, der(0x30, ...extensions))] : []),
  );
  return der(0x30, tbs, ecdsaWithSha256, der(0x03, Buffer.from([0]), sign('sha256', tbs, signer)));
}

/** PEM, PKCS 8: of all handmade requests and certificates. */
export const handmadeKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

export function pemOf(label: string, bytes: Bytes): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
