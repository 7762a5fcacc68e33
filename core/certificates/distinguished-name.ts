// Whom a certificate or a request for one names: the user and the groups in its subject.
// Source: RFC 5280, section 4.1.2.4; "Authenticating", X.509 client certificates; KEP-5241 for the UID.

import { childrenOf, childrenOfTag, type Der, oidOf, tags } from './der.ts';

/** A subject as it is encoded. Each inner list is what one set (a relative name) holds. */
export type DistinguishedName = readonly (readonly NameAttribute[])[];

export interface NameAttribute {
  /** In dots. */
  readonly type: string;
  /** undefined: in an encoding other than UTF8String and PrintableString, whose text readers do not agree on. */
  readonly text: string | undefined;
}

/** Whom the API server takes the holder of a certificate for. */
export interface CertifiedIdentity {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly uid?: string;
}

export const nameTypes = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  uid: '1.3.6.1.4.1.57683.2',
} as const;

/** Those that Kubernetes' signers pass on, by the names that people write. */
const known: ReadonlyMap<string, string> = new Map([
  [nameTypes.commonName, 'CN'],
  [nameTypes.organization, 'O'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'street'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.17', 'postalCode'],
]);
const severalAllowed: ReadonlySet<string> = new Set([nameTypes.organization, '2.5.4.11']);

/** Throws an Error when it is no Name in DER. */
export function readDistinguishedName(name: Der | undefined): DistinguishedName {
  return childrenOfTag(name, tags.sequence, 'a name').map((set) => {
    const attributes = childrenOfTag(set, tags.set, 'a relative name').map(attributeOf);
    if (attributes.length === 0) throw new Error('a relative name is empty');
    return attributes;
  });
}

/**
 * The one user and the groups that a subject names. Throws an Error that says why where readers could see several: no common name or two,
 * other encodings, control characters, or a user and a group in one set. (Go puts all organizations of a subject into one set.)
 */
export function identityOf(name: DistinguishedName): CertifiedIdentity {
  for (const set of name)
    if (set.some(({ type }) => type !== set[0]?.type))
      throw new Error('the subject has attributes of several types in one set');
  const [commonName, ...moreNames] = textsOf(name, nameTypes.commonName);
  if (commonName === undefined || moreNames.length > 0)
    throw new Error('the subject must have exactly one common name (CN)');
  const [uid, ...moreUids] = textsOf(name, nameTypes.uid);
  if (moreUids.length > 0) throw new Error('the subject may not have several UIDs');
  return { commonName, organizations: textsOf(name, nameTypes.organization), ...(uid !== undefined && { uid }) };
}

/** What Kubernetes' signers do not certify although it names one user. Throws an Error that says what it is. */
export function refuseUnusual(name: DistinguishedName): void {
  const seen = new Set<string>();
  for (const { type } of name.flat()) {
    const label = known.get(type);
    if (label === undefined) throw new Error(`the subject may not have an attribute of type ${type}`);
    if (seen.has(type) && !severalAllowed.has(type))
      throw new Error(`the subject may not have several attributes ${label}`);
    seen.add(type);
    textsOf(name, type);
  }
}

function textsOf(name: DistinguishedName, wanted: string): string[] {
  return name.flat().flatMap(({ type, text }) => {
    if (type !== wanted) return [];
    const label = known.get(type) ?? 'UID';
    if (text === undefined) throw new Error(`${label} in the subject must be a UTF8String or a PrintableString`);
    if (text === '') throw new Error(`${label} in the subject may not be empty`);
    if (/\p{Cc}/u.test(text)) throw new Error(`${label} in the subject may not contain control characters`);
    return [text];
  });
}

function attributeOf(value: Der): NameAttribute {
  const [type, text, ...more] = childrenOfTag(value, tags.sequence, 'an attribute of a name');
  if (!text || more.length > 0) throw new Error('an attribute of a name is not a type and a value');
  return { type: oidOf(type), text: textOf(text) };
}

/** A byte order mark is a character like others: what is dropped here would be seen elsewhere. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** X.680, section 41.4, and the `*` and `&` that others take too. */
const printable = /^[A-Za-z0-9 '()+,\-./:=?*&]*$/;

function textOf(value: Der): string | undefined {
  if ((value.tag & 0x20) !== 0) void childrenOf(value);
  if (value.tag === tags.utf8String) {
    try {
      return utf8.decode(value.content);
    } catch (error) {
      throw new Error('a UTF8String in a name is not UTF-8', { cause: error });
    }
  }
  if (value.tag !== tags.printableString) return undefined;
  const text = value.content.toString('latin1');
  if (!printable.test(text)) throw new Error('a PrintableString in a name has characters that are not printable');
  return text;
}
