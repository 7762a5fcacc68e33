// Extensions of certificates and of requests: what they are for, whether they sign others, and the names beside the subject.
// Source: RFC 5280, section 4.2.

import { isIPv4 } from 'node:net';
import { booleanOf, childrenOfTag, contextTag, type Der, oidOf, readDer, tags, withTag } from './der.ts';

/** The DER of each value by its type in dots. */
export type Extensions = ReadonlyMap<string, Buffer>;

/** Names beside the subject. Kinds that no signer here passes on are left out. */
export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

export const purposes = {
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
} as const;
export const anyPurpose = '2.5.29.37.0';

const types = {
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  purposes: '2.5.29.37',
} as const;

/** `list`: SEQUENCE OF Extension. Throws an Error when it is none, or when one type comes twice. */
export function readExtensions(list: Der | undefined): Extensions {
  const found = new Map<string, Buffer>();
  for (const each of childrenOfTag(list, tags.sequence, 'the list of extensions')) {
    const [type, ...rest] = childrenOfTag(each, tags.sequence, 'an extension');
    const [value, ...more] = rest[0]?.tag === tags.boolean ? rest.slice(1) : rest;
    if (rest[0]?.tag === tags.boolean) booleanOf(rest[0]);
    if (more.length > 0) throw new Error('an extension has more than a value');
    const name = oidOf(type);
    if (found.has(name)) throw new Error(`the extension ${name} comes twice`);
    found.set(name, withTag(value, tags.octetString, 'the value of an extension').content);
  }
  return found;
}

/** Types in dots; undefined: nothing says so, and it is good for all. */
export function purposesOf(extensions: Extensions): readonly string[] | undefined {
  const value = extensions.get(types.purposes);
  return value && childrenOfTag(readDer(value), tags.sequence, 'extended key usage').map(oidOf);
}

export function isAuthority(extensions: Extensions): boolean {
  const value = extensions.get(types.basicConstraints);
  const [first] = value ? childrenOfTag(readDer(value), tags.sequence, 'basic constraints') : [];
  return first?.tag === tags.boolean && booleanOf(first);
}

/** As in the certificate: bit 0 (digitalSignature) is 0x80. Bits from 8 on are left out. undefined: nothing says so. */
export function keyUsageOf(extensions: Extensions): number | undefined {
  const value = extensions.get(types.keyUsage);
  return value && (withTag(readDer(value), tags.bitString, 'key usage').content[1] ?? 0);
}

export function alternativeNamesOf(extensions: Extensions): AlternativeNames {
  const value = extensions.get(types.alternativeNames);
  const all = value ? childrenOfTag(readDer(value), tags.sequence, 'alternative names') : [];
  const texts = (number: number) => all.filter(({ tag }) => tag === contextTag(number, false)).map(nameText);
  return {
    emailAddresses: texts(1),
    dnsNames: texts(2),
    uris: texts(6),
    ipAddresses: all.filter(({ tag }) => tag === contextTag(7, false)).map(({ content }) => addressText(content)),
  };
}

function nameText({ content }: Der): string {
  const text = content.toString('latin1');
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new Error('an alternative name is empty, or has characters other than visible ASCII');
  return text;
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new Error('an alternative name of an IP address has neither 4 nor 16 bytes');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return groups.join(':');
}

/** The same text for each way to write an address. */
export function plainAddress(address: string): string {
  return isIPv4(address) ? address : new URL(`http://[${address}]`).hostname;
}
