// Client certificates that two readers could take for two users, over real TLS connections; and requests for such certificates.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import http2 from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, type KeyPair, openAuthority } from '../../core/certificates/authority.ts';
import { childrenOf, readDer } from '../../core/certificates/der.ts';
import {
  attribute,
  der,
  encodings,
  extension,
  type HandmadeAttribute,
  handmadeCertificate,
  handmadeKey,
  handmadeRequest,
  nameOf,
  oid,
  pemOf,
} from '../../core/certificates/testing/encode.ts';
import { tried } from '../../test/tools/tried.ts';
import { type Serving, serve } from './serve.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

const hour = 3_600_000;
let t: TestApi;
let pair: KeyPair;
let serving: Serving;
let now: Date;

beforeAll(async () => {
  now = new Date();
  t = await openTestApi({ now: () => now });
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const rules = [{ verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] }];
  await t.post(`${rbac}/clusterroles`, { metadata: { name: 'reviews' }, rules });
  await t.post(`${rbac}/clusterrolebindings`, {
    metadata: { name: 'reviews' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reviews' },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' }],
  });
  pair = await createAuthority('test-ca', now);
  const authority = await openAuthority(pair);
  const server = await authority.issue({
    subject: { commonName: 'apiserver' },
    names: [{ type: 'ip', value: '127.0.0.1' }],
    usages: ['server auth', 'digital signature'],
    notBefore: new Date(now.getTime() - hour),
    notAfter: new Date(now.getTime() + 100 * hour),
  });
  const tls = { key: server.key, cert: server.certificate, clientCA: pair.certificate };
  serving = await serve(t.api, { host: '127.0.0.1', port: 0, tls });
});
afterAll(async () => {
  await serving.close(0);
  await t.close();
});

/** A certificate that the cluster's own authority signed, whatever it says. */
function signed(name: Buffer, extensions: Buffer[] = [], notAfter = new Date(now.getTime() + hour)): string {
  const issuer = childrenOf(childrenOf(readDer(new X509Certificate(pair.certificate).raw))[0] ?? readDer(der(0x30)))[5];
  const notBefore = new Date(now.getTime() - hour);
  const wanted = { name, extensions, notBefore, notAfter };
  return pemOf('CERTIFICATE', handmadeCertificate(wanted, createPrivateKey(pair.key), issuer?.whole));
}

interface Answer {
  readonly status: unknown;
  readonly user: { readonly username: string; readonly groups: string[]; readonly extra?: object } | undefined;
}

function connect(cert: string): http2.ClientHttp2Session {
  return http2.connect(serving.url, { ca: pair.certificate, cert, key: handmadeKey });
}

/** Who the API server takes a client for. */
async function whoami(session: http2.ClientHttp2Session): Promise<Answer> {
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const stream = session.request({ ':path': path, ':method': 'POST', 'content-type': 'application/json' });
  stream.end('{}');
  const answered = new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
    stream.once('response', resolve);
    stream.once('error', reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks).toString());
  return { status: (await answered)[':status'], user: body.status?.userInfo };
}

async function enter(cert: string): Promise<Answer> {
  const session = connect(cert);
  try {
    return await whoami(session);
  } finally {
    session.close();
  }
}

const subject = (...sets: HandmadeAttribute[][]) => nameOf(sets);
const node = subject([attribute('O', 'system:nodes')], [attribute('CN', 'system:node:n1')]);
const purpose = (type: string) => extension('2.5.29.37', der(0x30, oid(type)));

describe('a client certificate', () => {
  it('stands for the one user that it names, as in Kubernetes', async () => {
    expect(
      await enter(signed(subject([attribute('O', 'dev'), attribute('O', 'ops')], [attribute('CN', 'jane')]))),
    ).toEqual({
      status: 201,
      user: {
        username: 'jane',
        groups: ['dev', 'ops', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)] },
      },
    });
    const uid = attribute('1.3.6.1.4.1.57683.2', 'u-1');
    expect(await enter(signed(subject([attribute('CN', 'jane')], [uid])))).toMatchObject({ user: { uid: 'u-1' } });
  });

  it('stands for nobody where readers could see two users, or another', async () => {
    const a = attribute('CN', 'a');
    const hostile = [
      subject([attribute('CN', 'system:kube-controller-manager')], [attribute('CN', 'system:node:n1')]),
      subject([attribute('CN', 'a'), attribute('CN', 'b')]),
      subject([attribute('O', 'system:masters')]),
      subject([a], [attribute('O', 'system:masters', encodings.numeric)]),
      subject([a], [attribute('O', 'system:masters', encodings.teletex)]),
      subject([a], [attribute('O', Buffer.from('system:masters', 'utf16le').swap16(), encodings.bmp)]),
      subject([attribute('CN', 'a\nO=system:masters')]),
      subject([attribute('CN', 'admin\0x')]),
      subject([a, attribute('O', 'system:masters')]),
      subject([a], [attribute('1.3.6.1.4.1.57683.2', 'x')], [attribute('1.3.6.1.4.1.57683.2', 'y')]),
    ];
    for (const name of hostile) {
      tried('client certificates of an ambiguous subject');
      expect(await enter(signed(name))).toEqual({ status: 401, user: undefined });
    }
  });

  it('is no credential when it is for servers, such as a kubelet-serving one', async () => {
    expect(await enter(signed(node, [purpose('1.3.6.1.5.5.7.3.1')]))).toEqual({ status: 401, user: undefined });
    expect(await enter(signed(node, [purpose('1.3.6.1.5.5.7.3.2')]))).toMatchObject({ status: 201 });
    tried('certificates of servers as credentials');
  });

  it('ends in the middle of a connection', async () => {
    const before = now;
    const certificate = signed(node, [], new Date(now.getTime() + hour));
    // Two, since a connection ends with the first answer to nobody.
    const sessions = [connect(certificate), connect(certificate)] as const;
    try {
      for (const each of sessions) expect(await whoami(each)).toMatchObject({ status: 201 });
      now = new Date(before.getTime() + 1.1 * hour);
      expect(await whoami(sessions[0])).toMatchObject({ status: 401 });
      now = new Date(before.getTime() - 1.1 * hour);
      expect(await whoami(sessions[1])).toMatchObject({ status: 401 });
      tried('requests with a certificate that ended', 2);
    } finally {
      now = before;
      for (const each of sessions) each.close();
    }
  });
});

describe('a request for a certificate', () => {
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const ask = (name: Buffer, signerName: string, as?: { name: string; groups: string[] }) =>
    t.post(
      path,
      {
        metadata: { generateName: 'a-' },
        spec: {
          request: Buffer.from(handmadeRequest({ name })).toString('base64'),
          signerName,
          usages: ['client auth', 'digital signature'],
        },
      },
      as && { as },
    );
  const client = 'kubernetes.io/kube-apiserver-client';
  const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet';

  it('that names two users, or groups in another encoding, is refused with its field', async () => {
    const masters = attribute('O', 'system:masters', encodings.numeric);
    const two = subject(
      [attribute('O', 'system:nodes')],
      [attribute('CN', 'system:node:n2')],
      [attribute('CN', 'system:node:n1')],
    );
    for (const [name, signer] of [
      [subject([attribute('CN', 'a')], [masters]), client],
      [two, kubelet],
      [two, 'kubernetes.io/kubelet-serving'],
    ] as const) {
      tried('requests for certificates of an ambiguous subject');
      expect(await ask(name, signer)).toMatchObject({
        status: 422,
        body: { details: { causes: [{ field: 'spec.request', reason: 'FieldValueInvalid' }] } },
      });
    }
    // Another signer may have other rules, and its certificates are no credentials here.
    expect((await ask(subject([attribute('O', 'x')]), 'example.com/own')).status).toBe(201);
    expect((await ask(subject([attribute('CN', 'a')], [attribute('O', 'system:masters')]), client)).status).toBe(403);
  });

  it('of a node is for that node', async () => {
    const as = { name: 'system:node:n2', groups: ['system:nodes'] };
    const other = await ask(node, kubelet, as);
    expect(other).toMatchObject({ status: 403 });
    expect(other.body.message).toContain('can only create a node CSR with CN=system:node:n2');
    expect((await ask(node, 'kubernetes.io/kubelet-serving', as)).status).toBe(403);
    const own = subject([attribute('O', 'system:nodes')], [attribute('CN', 'system:node:n2')]);
    expect((await ask(own, kubelet, as)).status).toBe(201);
    tried("requests of a node for another's certificate", 2);
  });
});
