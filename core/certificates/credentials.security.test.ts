// One credential, several readers: whatever a request for a certificate holds, who approves it, who signs it and who lets its holder in
// see the same user, or it is refused.

import 'reflect-metadata';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { tried } from '../../test/tools/tried.ts';
import { type Authority, createAuthority, openAuthority } from './authority.ts';
import { readCertificate } from './certificate.ts';
import { readCertificateRequest } from './certificate-request.ts';
import { identityOf } from './distinguished-name.ts';
import { isAuthority, keyUsageOf, purposesOf } from './extensions.ts';
import { clientSigner, kubeletClientSigner, kubeletServingSigner, refusal, requestedIdentity } from './signers.ts';
import {
  attribute,
  der,
  encodings,
  extension,
  type HandmadeAttribute,
  handmadeCertificate,
  handmadeRequest,
  nameOf,
  oid,
} from './testing/encode.ts';

const now = new Date('2026-01-01T00:00:00Z');
const granted = { usages: ['client auth', 'digital signature'], notBefore: now, notAfter: new Date('2026-02-01') };
const clientUsages = ['client auth', 'digital signature'];

let authority: Authority;
beforeAll(async () => {
  authority = await openAuthority(await createAuthority('test-ca', now));
});

/** What each part makes of a request: the user, or undefined where it refuses. */
async function readings(request: string) {
  const read = await readCertificateRequest(request).catch(() => undefined);
  const refused = read && refusal(clientSigner, read, clientUsages);
  const approver = read && refused === undefined ? requestedIdentity(read) : undefined;
  const pem = await authority.sign(request, granted).catch(() => undefined);
  return { approver, certificate: pem === undefined ? undefined : new X509Certificate(pem) };
}

const seenByTls = (certificate: X509Certificate) => identityOf(readCertificate(certificate.raw).subject);

/** All values of an attribute in Node's text of a subject. */
const textValues = ({ subject }: X509Certificate, label: string) =>
  subject
    .split('\n')
    .filter((line) => line.startsWith(`${label}=`))
    .map((line) => line.slice(label.length + 1));

describe('a subject', () => {
  const node = attribute('CN', 'system:node:n1');
  const nodes = attribute('O', 'system:nodes');
  const numeric = attribute('O', 'system:masters', encodings.numeric);
  const text16 = Buffer.from('system:masters', 'utf16le').swap16();
  const refusedSubjects: [string, readonly (readonly HandmadeAttribute[])[], string][] = [
    ['two common names', [[nodes], [attribute('CN', 'system:kube-controller-manager')], [node]], 'CN'],
    ['two common names in one set', [[attribute('CN', 'a'), attribute('CN', 'b')]], 'CN'],
    ['no common name', [[nodes]], 'exactly one common name'],
    ['an empty common name', [[attribute('CN', '')]], 'may not be empty'],
    ['a group that is a NumericString', [[attribute('CN', 'a')], [numeric]], 'UTF8String or a PrintableString'],
    ['a group in UTF-16', [[attribute('CN', 'a')], [attribute('O', text16, encodings.bmp)]], 'PrintableString'],
    ['a group in T.61', [[attribute('CN', 'a')], [attribute('O', 'g', encodings.teletex)]], 'PrintableString'],
    ['a name in IA5', [[attribute('CN', 'a', encodings.ia5)]], 'PrintableString'],
    ['a NUL', [[attribute('CN', 'admin\0.example.com')]], 'control characters'],
    ['a line break', [[attribute('CN', 'a\nO=system:masters')]], 'control characters'],
    ['broken UTF-8', [[attribute('CN', Buffer.from([0xc3, 0x28]))]], 'not UTF-8'],
    ['an overlong encoding', [[attribute('CN', Buffer.from([0xc1, 0x81]))]], 'not UTF-8'],
    ['what is no PrintableString', [[attribute('CN', 'a@b', encodings.printable)]], 'not printable'],
    ['a user and a group in one set', [[attribute('CN', 'a'), attribute('O', 'g')]], 'several types in one set'],
    ['an attribute that nobody knows', [[attribute('CN', 'a')], [attribute('1.2.3', 'x')]], 'type 1.2.3'],
    ['a UID', [[attribute('CN', 'a')], [attribute('1.3.6.1.4.1.57683.2', 'x')]], '57683'],
    ['two countries', [[attribute('CN', 'a')], [attribute('2.5.4.6', 'CH')], [attribute('2.5.4.6', 'DE')]], 'several'],
    ['an empty set', [[], [attribute('CN', 'a')]], 'empty'],
  ];
  it.each(refusedSubjects)('with %s is refused by all who read it', async (_what, sets, why) => {
    tried('subjects that two readers could take for two users');
    const name = nameOf(sets);
    const request = handmadeRequest({ name });
    const { approver, certificate } = await readings(request);
    expect({ approver, certificate }).toEqual({ approver: undefined, certificate: undefined });
    await expect(readCertificateRequest(request).then(requestedIdentity)).rejects.toThrow(why);
  });

  it('may name several groups, each in a set of its own or all in one as Go writes them', async () => {
    for (const groups of [
      [[attribute('O', 'dev'), attribute('O', 'ops')]],
      [[attribute('O', 'dev')], [attribute('O', 'ops')]],
    ]) {
      const { approver, certificate } = await readings(
        handmadeRequest({ name: nameOf([...groups, [attribute('CN', 'jane')]]) }),
      );
      expect(approver).toEqual({ commonName: 'jane', organizations: ['dev', 'ops'] });
      expect(certificate && seenByTls(certificate)).toEqual(approver);
    }
  });

  it('is passed on as text, whatever the text looks like', async () => {
    for (const text of [
      '#0c0161',
      'a, O=system:masters',
      '"quoted"',
      'a\\, b',
      'a+O=system:masters',
      'ünï@example.com',
      '\ufeffa',
    ]) {
      tried('subjects that look like another syntax');
      const { approver, certificate } = await readings(handmadeRequest({ name: nameOf([[attribute('CN', text)]]) }));
      expect(approver).toEqual({ commonName: text, organizations: [] });
      expect(certificate && seenByTls(certificate)).toEqual(approver);
    }
    await expect(authority.issue({ ...granted, subject: { commonName: 'a\0b', organizations: [] } })).rejects.toThrow(
      'control characters',
    );
  });

  it('made by chance is one user to all, or nobody', async () => {
    const texts = fc.oneof(
      fc.constantFrom(
        'system:masters',
        'system:node:n1',
        'system:nodes',
        'system:kube-controller-manager',
        '',
        'a\0b',
        '#0c0161',
      ),
      fc.string({ maxLength: 12, unit: 'binary' }),
    );
    const anAttribute = fc
      .record({
        type: fc.constantFrom('CN', 'CN', 'O', 'O', 'OU', '2.5.4.6', '1.2.840.113549.1.9.1', '1.3.6.1.4.1.57683.2'),
        tag: fc.constantFrom(...Object.values(encodings), encodings.utf8, encodings.utf8, encodings.printable),
        text: texts,
        bytes: fc.option(fc.uint8Array({ maxLength: 8 }), { freq: 8 }),
      })
      .map(({ type, tag, text, bytes }) => attribute(type, bytes ?? text, tag));
    const anything = fc.array(fc.array(anAttribute, { minLength: 1, maxLength: 2 }), { maxLength: 4 });
    const groups = fc.array(fc.constantFrom('dev', 'ops', 'system:nodes', 'ünï').map((text) => [attribute('O', text)]));
    // One good user, and now and then something beside it: else nearly all would be refused.
    const likely = fc
      .tuple(fc.constantFrom('jane', 'system:node:n1', '#0c0161', 'a, O=b'), groups, fc.option(anAttribute))
      .map(([user, sets, more]) => [...sets, [attribute('CN', user)], ...(more ? [[more]] : [])]);
    const sets = fc.oneof(anything, likely);
    let signed = 0;
    await fc.assert(
      fc.asyncProperty(sets, async (given) => {
        tried('subjects made by chance');
        const name = nameOf(given);
        const { approver, certificate } = await readings(handmadeRequest({ name }));
        expect(certificate === undefined).toBe(approver === undefined);
        if (certificate) {
          signed++;
          expect(seenByTls(certificate)).toEqual(approver);
        }
        // A certificate from elsewhere with the same subject: who is let in is whom all readers see.
        const foreign = handmadeCertificate({ name });
        const entered = attempt(() => identityOf(readCertificate(foreign).subject));
        if (!entered) return;
        // Both fail at some strings that we pass over.
        const library = attempt(() => new peculiar.X509Certificate(Uint8Array.from(foreign)).subjectName);
        if (library) {
          expect(library.getField('CN')).toEqual([entered.commonName]);
          expect(library.getField('O')).toEqual(entered.organizations);
        }
        const openssl = attempt(() => new X509Certificate(foreign));
        if (openssl) expect(textValues(openssl, 'CN')).toHaveLength(1);
      }),
      { numRuns: fuzzRuns(300) },
    );
    expect(signed).toBeGreaterThan(10);
  }, 120_000);
});

describe('a request', () => {
  const jane = nameOf([[attribute('CN', 'jane')]]);

  it('that asks to be an authority, or for more usages, gets neither', async () => {
    const extensions = [
      extension('2.5.29.19', der(0x30, der(0x01, Buffer.from([0xff]))), true),
      extension('2.5.29.15', der(0x03, Buffer.from([1, 0x06])), true),
      extension('2.5.29.37', der(0x30, oid('1.3.6.1.5.5.7.3.1'), oid('2.5.29.37.0'))),
      extension('2.5.29.30', der(0x30), true),
      extension('1.2.3.4', der(0x05)),
    ];
    const { certificate } = await readings(handmadeRequest({ name: jane, extensions }));
    if (!certificate) throw new Error('it was refused');
    const read = readCertificate(certificate.raw);
    expect(isAuthority(read.extensions)).toBe(false);
    expect(certificate.ca).toBe(false);
    expect(keyUsageOf(read.extensions)).toBe(0x80);
    expect(purposesOf(read.extensions)).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect([...read.extensions.keys()].sort()).toEqual(['2.5.29.15', '2.5.29.19', '2.5.29.35', '2.5.29.37']);
    tried('extensions that nobody gets', extensions.length);
  });

  it('may not ask for extensions twice, nor for names that are none', async () => {
    const names = (...values: Buffer[]) => extension('2.5.29.17', der(0x30, ...values));
    const wrong = [
      [names(der(0x82, Buffer.from('a'))), names(der(0x82, Buffer.from('b')))],
      [names(der(0x82, Buffer.from('a\0b')))],
      [names(der(0x82, Buffer.from('')))],
      [names(der(0x82, Buffer.from('ä')))],
      [names(der(0x87, Buffer.from([1, 2, 3])))],
    ];
    for (const extensions of wrong) {
      tried('alternative names that are none');
      const { approver, certificate } = await readings(handmadeRequest({ name: jane, extensions }));
      expect({ approver, certificate }).toEqual({ approver: undefined, certificate: undefined });
    }
    const node = nameOf([[attribute('O', 'system:nodes')], [attribute('CN', 'system:node:n1')]]);
    const extensions = [names(der(0x82, Buffer.from('n1')), der(0x87, Buffer.from([10, 0, 0, 1])))];
    const read = await readCertificateRequest(handmadeRequest({ name: node, extensions }));
    expect(read).toMatchObject({ dnsNames: ['n1'], ipAddresses: ['10.0.0.1'], emailAddresses: [], uris: [] });
    expect(refusal(kubeletServingSigner, read, ['server auth', 'digital signature'])).toBeUndefined();
    expect(refusal(kubeletClientSigner, read, clientUsages)).toBe('DNS subjectAltNames are not allowed');
    expect(refusal('constructor', read, clientUsages)).toBe('constructor is not a signer of this cluster');
  });

  it('must be signed by its own key, by an algorithm that proves something', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const sha1 = { identifier: der(0x30, oid('1.2.840.10045.4.1')), hash: 'sha1' };
    const mine = handmadeRequest({ name: jane });
    await expect(readCertificateRequest(mine)).resolves.toBeDefined();
    await expect(readCertificateRequest(handmadeRequest({ name: jane, publicKey: other.publicKey }))).rejects.toThrow(
      'does not match its public key',
    );
    await expect(readCertificateRequest(handmadeRequest({ name: jane, algorithm: sha1 }))).rejects.toThrow('SHA-256');
    tried('requests that their key did not sign', 2);
  });

  it('may not bring a key that is weak, or written in a way of its own', async () => {
    const rsa = (modulusLength: number, publicExponent = 65_537) =>
      generateKeyPairSync('rsa', { modulusLength, publicExponent });
    const rsaSha256 = { identifier: der(0x30, oid('1.2.840.113549.1.1.11'), der(0x05)), hash: 'sha256' };
    const ask = (pair: ReturnType<typeof rsa>, algorithm = rsaSha256) =>
      handmadeRequest({ name: jane, ...pair, algorithm });
    expect((await readings(ask(rsa(2048)))).certificate).toBeDefined();
    expect((await readings(ask(rsa(1024)))).certificate).toBeUndefined();
    expect((await readings(ask(rsa(2048, 3)))).certificate).toBeUndefined();
    const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    expect((await readings(handmadeRequest({ name: jane, ...curve }))).certificate).toBeUndefined();
    const explicit = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
    expect((await readings(handmadeRequest({ name: jane, ...explicit }))).certificate).toBeUndefined();
    const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const point = spki.publicKey.export({ format: 'jwk' });
    const short = Buffer.concat([
      Buffer.from([2 + ((Buffer.from(point.y ?? '', 'base64url').at(-1) ?? 0) & 1)]),
      Buffer.from(point.x ?? '', 'base64url'),
    ]);
    const compressed = der(
      0x30,
      der(0x30, oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')),
      der(0x03, Buffer.from([0]), short),
    );
    expect(
      (await readings(handmadeRequest({ name: jane, publicKey: compressed, privateKey: spki.privateKey }))).certificate,
    ).toBeUndefined();
    const ed = generateKeyPairSync('ed25519');
    const edOnly = { identifier: der(0x30, oid('1.3.101.112')), hash: null };
    expect((await readings(handmadeRequest({ name: jane, ...ed, algorithm: edOnly }))).certificate).toBeDefined();
    tried('keys that are not certified', 5);
  }, 60_000);

  it('with any byte changed, cut off or doubled is refused', async () => {
    const pem = handmadeRequest({
      name: jane,
      extensions: [extension('2.5.29.17', der(0x30, der(0x82, Buffer.from('a'))))],
    });
    const whole = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const again = (bytes: Uint8Array) =>
      `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    await expect(readCertificateRequest(again(whole))).resolves.toBeDefined();
    const at = fc.nat(whole.length - 1);
    await fc.assert(
      fc.asyncProperty(
        at,
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom('flip', 'cut', 'double'),
        async (index, mask, how) => {
          tried('requests with a byte changed');
          const changed = Buffer.from(whole);
          changed[index] = (changed[index] ?? 0) ^ mask;
          const bytes = {
            flip: changed,
            cut: whole.subarray(0, index),
            double: Buffer.concat([whole, whole.subarray(index)]),
          }[how];
          await expect(readCertificateRequest(again(bytes))).rejects.toThrow(Error);
        },
      ),
      { numRuns: fuzzRuns(1000) },
    );
  }, 60_000);
});

describe('DER', () => {
  it('is read in its one form, where others read several', () => {
    const sets = [[attribute('CN', 'a')]];
    const good = nameOf(sets);
    const certificate = (name: Buffer) => () => readCertificate(handmadeCertificate({ name }));
    expect(certificate(good)).not.toThrow();
    const inner = der(0x30, oid('2.5.4.3'), der(0x0c, Buffer.from('a')));
    const forms: Buffer[] = [
      // Lengths that are longer than they must be, or open ended.
      Buffer.concat([Buffer.from([0x30, 0x81, good.length - 2]), good.subarray(2)]),
      Buffer.concat([Buffer.from([0x30, 0x80]), good.subarray(2), Buffer.from([0, 0])]),
      // A string in parts, a tag in its long form, a type with a leading zero.
      der(
        0x30,
        der(0x31, der(0x30, oid('2.5.4.3'), der(0x2c, der(0x0c, Buffer.from('a')))), der(0x1f, Buffer.from([1]))),
      ),
      der(0x30, der(0x31, der(0x30, der(0x06, Buffer.from([0x55, 0x04, 0x80, 0x03])), der(0x0c, Buffer.from('a'))))),
      der(0x31, der(0x31, inner)),
      der(0x30, der(0x30, inner)),
    ];
    for (const form of forms) expect(certificate(form)).toThrow(Error);
    tried('encodings other than DER', forms.length);
  });

  it('of a real authority and its certificates is read as others read it', async () => {
    const { key, certificate } = await authority.issue({
      ...granted,
      subject: { commonName: 'system:node:n1', organizations: ['system:nodes'] },
    });
    const others = new X509Certificate(certificate);
    const own = readCertificate(others.raw);
    expect(others.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect([own.notBefore, own.notAfter]).toEqual([others.validFromDate.getTime(), others.validToDate.getTime()]);
    expect(own.spki.equals(others.publicKey.export({ type: 'spki', format: 'der' }))).toBe(true);
    expect(identityOf(own.subject)).toEqual({ commonName: 'system:node:n1', organizations: ['system:nodes'] });
  });
});

function attempt<T>(what: () => T): T | undefined {
  try {
    return what();
  } catch {
    return undefined;
  }
}
