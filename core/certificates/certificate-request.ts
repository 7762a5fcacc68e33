// A PKCS #10 certificate request, read (RFC 2986).

import { verify } from 'node:crypto';
import { childrenOf, childrenOfTag, contextTag, type Der, oidOf, readDer, tags, wholeBytesOf, withTag } from './der.ts';
import { type DistinguishedName, readDistinguishedName } from './distinguished-name.ts';
import { type AlternativeNames, alternativeNamesOf, type Extensions, readExtensions } from './extensions.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';

/** What a request asks for that a signer may grant. Other extensions are read, and never passed on. */
export interface CertificateRequest extends AlternativeNames {
  readonly subject: DistinguishedName;
  readonly publicKey: PublicKey;
}

const pemBlock = /^\s*-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/;
const extensionRequest = '1.2.840.113549.1.9.14';

/** The whole AlgorithmIdentifier in hexadecimal, and with what to verify. Those with SHA-1 and older prove nothing. */
const algorithms: ReadonlyMap<string, { readonly key: string; readonly hash: string | null }> = new Map([
  ['300d06092a864886f70d01010b0500', { key: 'rsa', hash: 'sha256' }],
  ['300d06092a864886f70d01010c0500', { key: 'rsa', hash: 'sha384' }],
  ['300d06092a864886f70d01010d0500', { key: 'rsa', hash: 'sha512' }],
  ['300a06082a8648ce3d040302', { key: 'ec', hash: 'sha256' }],
  ['300a06082a8648ce3d040303', { key: 'ec', hash: 'sha384' }],
  ['300a06082a8648ce3d040304', { key: 'ec', hash: 'sha512' }],
  ['300506032b6570', { key: 'ed25519', hash: null }],
]);

/** Throws an Error that says what is wrong with it: its form, its contents, or a signature that is not of its own key. */
export async function readCertificateRequest(pem: string): Promise<CertificateRequest> {
  const [, label, base64 = ''] = pemBlock.exec(pem) ?? [];
  if (label !== 'CERTIFICATE REQUEST') throw new Error('PEM block type must be CERTIFICATE REQUEST');
  const [info, algorithm, signature, ...more] = childrenOfTag(
    readDer(Buffer.from(base64, 'base64')),
    tags.sequence,
    'the certificate request',
  );
  if (!info || !algorithm || more.length > 0) throw new Error('the certificate request cannot be read');
  const [version, subject, publicKey, attributes, ...others] = childrenOfTag(info, tags.sequence, 'its information');
  if (withTag(version, tags.integer, 'the version').content.toString('hex') !== '00' || others.length > 0)
    throw new Error('the certificate request is of a version that is not known');
  const request = {
    subject: readDistinguishedName(subject),
    publicKey: readPublicKey(withTag(publicKey, tags.sequence, 'the public key').whole),
    ...alternativeNamesOf(extensionsOf(attributes)),
  };
  if (!(await isSigned(info.whole, algorithm, wholeBytesOf(signature), request.publicKey)))
    throw new Error('the signature of the certificate request does not match its public key');
  return request;
}

/** Go, cert-manager and OpenSSL all leave the attributes out, or write them empty, when they ask for no extensions. */
function extensionsOf(attributes: Der | undefined): Extensions {
  const none: Extensions = new Map();
  if (!attributes) return none;
  const lists = childrenOf(withTag(attributes, contextTag(0, true), 'the list of attributes')).flatMap((each) => {
    const [type, values, ...more] = childrenOfTag(each, tags.sequence, 'an attribute');
    const all = childrenOfTag(values, tags.set, 'the values of an attribute');
    if (more.length > 0) throw new Error('an attribute has more than its values');
    return oidOf(type) === extensionRequest ? all : [];
  });
  if (lists.length > 1) throw new Error('extensions are asked for twice');
  return lists.length === 0 ? none : readExtensions(lists[0]);
}

async function isSigned(signed: Buffer, { whole }: Der, signature: Buffer, { key }: PublicKey): Promise<boolean> {
  const algorithm = algorithms.get(whole.toString('hex'));
  if (!algorithm)
    throw new Error('it must be signed by RSA (PKCS #1 1.5) or ECDSA with SHA-256, SHA-384 or SHA-512, or by Ed25519');
  if (algorithm.key !== key.asymmetricKeyType) return false;
  return new Promise((resolve) => {
    // Away from the event loop: a large key takes milliseconds.
    verify(algorithm.hash, signed, key, signature, (error, good) => resolve(!error && good));
  });
}
