// Keys and certificates change under a running control plane: nothing that was good is refused, nothing that was taken back is taken.

import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCluster } from '../../local/cluster.ts';
import { openLiveKeys, renewWhatEnds } from '../../local/control-plane/live-keys.ts';
import { eventually } from '../tools/cluster.ts';
import { type ControlPlane, planControlPlane } from '../tools/control-plane.ts';
import { tried } from '../tools/tried.ts';

let cluster: ControlPlane;
let session: http2.ClientHttp2Session;
const file = (name: string) => readFileSync(join(cluster.dataDir, 'pki', name), 'utf8');

beforeAll(async () => {
  cluster = await planControlPlane();
  const { code, stderr } = await cluster.up();
  expect(code, stderr).toBe(0);
  // Open before everything, and until the end.
  session = http2.connect(cluster.url, { ca: file('ca.crt'), cert: file('admin.crt'), key: file('admin.key') });
});
afterAll(async () => {
  session?.close();
  await cluster.remove();
});

async function get(path: string, headers: object = {}, over = session) {
  const stream = over.request({ ':path': path, ...headers });
  const answered = new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
    stream.once('response', resolve);
    stream.once('error', reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { status: (await answered)[':status'], body: JSON.parse(Buffer.concat(chunks).toString()) };
}

/** Whom a bearer token stands for, on a connection without a certificate. */
async function identify(token: string): Promise<unknown> {
  const other = http2.connect(cluster.url, { ca: file('ca.crt') });
  try {
    return (await get('/api', { authorization: `Bearer ${token}` }, other)).status;
  } finally {
    other.close();
  }
}

const token = async () => (await cluster.kubectl('create', 'token', 'default')).trim();
const keyIdOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid;
const keyIds = async () => (await get('/openid/v1/jwks')).body.keys.map((key: { kid: string }) => key.kid);

function servedFingerprint(): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port, hostname } = new URL(cluster.url);
    const socket = connect({ host: hostname, port: Number(port), ca: file('ca.crt'), ALPNProtocols: ['h2'] }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describe('the key of service account tokens', () => {
  it('changes while tokens of the one before stay good, until that is retired', async () => {
    await eventually(30, async () => (await cluster.kubectl.attempt('get', 'serviceaccount', 'default')).code === 0);
    const before = await token();
    expect(await keyIds()).toEqual([keyIdOf(before)]);
    expect(await cluster.zeroplane('keys', 'rotate', 'service-account')).toMatchObject({ code: 0 });
    const after = await token();
    expect(keyIdOf(after)).not.toBe(keyIdOf(before));
    expect(await keyIds()).toEqual([keyIdOf(after), keyIdOf(before)]);
    expect([await identify(before), await identify(after)]).toEqual([200, 200]);
    expect(await cluster.zeroplane('keys', 'retire', 'service-account')).toMatchObject({ code: 0 });
    expect([await identify(before), await identify(after)]).toEqual([401, 200]);
    expect(await keyIds()).toEqual([keyIdOf(after)]);
    tried('tokens of a retired key');
  });
});

describe('certificates', () => {
  it('are swapped under the running server, and open connections go on', async () => {
    const [server, admin] = [await servedFingerprint(), file('admin.crt')];
    expect(await cluster.zeroplane('keys', 'rotate', 'certificates')).toMatchObject({ code: 0 });
    expect(await servedFingerprint()).not.toBe(server);
    expect(file('admin.crt')).not.toBe(admin);
    expect((await get('/api/v1/nodes')).status).toBe(200);
    expect(await cluster.kubectl('get', 'namespaces')).toContain('kube-system');
    tried('certificates swapped under open connections');
  });

  it('are renewed when they end within 30 days, and left alone before', async () => {
    const found = readCluster(cluster.dataDir);
    if (!found) throw new Error('there is no cluster');
    const keys = openLiveKeys(join(cluster.dataDir, 'pki'));
    let told = 0;
    keys.onReload(() => told++);
    const before = file('server.crt');
    expect(await renewWhatEnds(found, keys, Date.now() + 330 * 24 * 3600_000)).toBe(false);
    expect([told, file('server.crt') === before]).toEqual([0, true]);
    expect(await renewWhatEnds(found, keys, Date.now() + 340 * 24 * 3600_000)).toBe(true);
    expect([told, file('server.crt') === before]).toEqual([1, false]);
    expect(keys.tls().cert).toBe(file('server.crt'));
  });
});
