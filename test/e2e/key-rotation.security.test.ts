// Keys and certificates change under a running control plane: nothing that was good is refused, nothing that was taken back is taken.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedStore } from '../../core/store/embedded/embedded-store.ts';
import { isSealed, keyNameOf } from '../../core/store/encrypted/seal.ts';
import { readCluster } from '../../local/cluster.ts';
import { openLiveKeys, renewWhatEnds } from '../../local/control-plane/live-keys.ts';
import { processFiles, runningPid } from '../../local/process.ts';
import { eventually } from '../tools/cluster.ts';
import { type ControlPlane, planControlPlane } from '../tools/control-plane.ts';
import { tried } from '../tools/tried.ts';

let cluster: ControlPlane;
let session: http2.ClientHttp2Session;
const file = (name: string) => readFileSync(join(cluster.dataDir, 'pki', name), 'utf8');

beforeAll(async () => {
  cluster = await planControlPlane();
  await start();
});
afterAll(async () => {
  session?.close();
  await cluster.remove();
});

/** What is open before everything, and until the end, is opened anew. */
async function start(): Promise<void> {
  session?.destroy();
  const { code, stderr } = await cluster.up();
  expect(code, stderr).toBe(0);
  session = http2.connect(cluster.url, { ca: file('ca.crt'), cert: file('admin.crt'), key: file('admin.key') });
}

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

describe('the key of encrypted Secrets', () => {
  const pki = () => join(cluster.dataDir, 'pki');
  const formerKeys = () => readdirSync(pki()).filter((name) => /^encryption-\d+\.key$/.test(name));
  const writtenAt = () => statSync(join(cluster.dataDir, 'state.db-wal')).mtimeMs;
  const secrets = '/api/v1/namespaces/default/secrets';
  /** Looks a thousand times a second: the whole rotation takes less than one. */
  async function atOnce(isSo: () => boolean): Promise<void> {
    for (const deadline = Date.now() + 30_000; !isSo(); await delay(1)) expect(Date.now()).toBeLessThan(deadline);
  }
  const contentOf = (name: string) => Buffer.from(name.padEnd(60_000, '.')).toString('base64');

  async function put(method: string, path: string, body: object) {
    const stream = session.request({ ':path': path, ':method': method, 'content-type': 'application/json' });
    stream.end(JSON.stringify(body));
    let status: number | undefined;
    stream.once('response', (headers) => {
      status = headers[':status'];
    });
    for await (const _ of stream);
    return status;
  }

  async function ownSecrets(): Promise<Map<string, string>> {
    const { body } = await get(secrets);
    return new Map(body.items.map((each: Secret) => [each.metadata.name, each.data?.['text'] ?? '']));
  }

  /** Which keys the values of a store that nobody has open are sealed with. */
  async function sealedWith(): Promise<Set<string>> {
    const store = openEmbeddedStore(join(cluster.dataDir, 'state.db'), { tickMs: 0 });
    try {
      const { items } = await store.list('secrets');
      return new Set(items.map(({ value }) => (isSealed(value) ? keyNameOf(value) : 'plain')));
    } finally {
      await store.close();
    }
  }

  it('changes under readers and writers, through a kill in the middle, and the one before is gone afterwards', async () => {
    await start();
    const attempt = Date.now().toString(36);
    const names = Array.from({ length: 120 }, (_, i) => `kept-${attempt}-${i}`);
    for (let at = 0; at < names.length; at += 20)
      await Promise.all(
        names.slice(at, at + 20).map(async (name) => {
          const secret = { kind: 'Secret', apiVersion: 'v1', metadata: { name }, data: { text: contentOf(name) } };
          expect(await put('POST', secrets, secret)).toBe(201);
        }),
      );
    const before = readFileSync(join(pki(), 'encryption.key'), 'utf8');

    // Killed as soon as the rotation is on its way.
    const pid = runningPid(processFiles(cluster.dataDir, 'control-plane'));
    if (pid === undefined) throw new Error('the control plane does not run');
    const cut = cluster.zeroplane('keys', 'rotate', 'encryption');
    await atOnce(() => formerKeys().length > 0);
    const began = writtenAt();
    await atOnce(() => writtenAt() > began);
    process.kill(pid, 'SIGKILL');
    expect((await cut).code).toBe(1);
    await eventually(10, async () => !existsSync(`/proc/${pid}`));
    // Both are there, whether it had come to the first piece or the last but one.
    expect(formerKeys()).toHaveLength(1);
    expect((await sealedWith()).size).toBeGreaterThan(0);
    await start();
    // It goes on by itself.
    await eventually(60, async () => formerKeys().length === 0);
    expect(readFileSync(join(pki(), 'encryption.key'), 'utf8')).not.toBe(before);
    const found = await ownSecrets();
    for (const name of names) expect(found.get(name)).toBe(contentOf(name));

    // Once more, whole, while others write and read.
    let rotating = true;
    const written = new Map<string, string>();
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let i = 0; rotating; i++) {
        const [name, text] = [names[(i * 4 + writer) % names.length] ?? '', contentOf(`${writer}-${i}`)];
        const body = { kind: 'Secret', apiVersion: 'v1', metadata: { name }, data: { text } };
        expect(await put('PUT', `${secrets}/${name}`, body)).toBe(200);
        written.set(name, text);
        expect((await get(`${secrets}/${name}`)).body.data.text).toBe(text);
      }
    });
    const rotated = await cluster.zeroplane('keys', 'rotate', 'encryption');
    rotating = false;
    await Promise.all(writers);
    expect(rotated).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/A new key encrypts Secrets; \d{3,} values/),
    });
    expect(formerKeys()).toEqual([]);
    expect(written.size).toBeGreaterThan(4);
    const after = await ownSecrets();
    for (const name of names) expect(after.get(name)).toBe(written.get(name) ?? contentOf(name));
    expect((await cluster.down()).code).toBe(0);
    expect(await sealedWith()).toHaveProperty('size', 1);
    // With the new key alone.
    await start();
    expect((await ownSecrets()).size).toBeGreaterThanOrEqual(names.length);
    tried('encryption keys rotated under use, and through a kill', 2);
  }, 240_000);

  it('is made anew by who stands still, and used from the next start on', async () => {
    await start();
    expect((await cluster.down()).code).toBe(0);
    const [former] = await sealedWith();
    const told = await cluster.zeroplane('keys', 'rotate', 'encryption');
    expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining('when it is started next') });
    expect(formerKeys()).toHaveLength(1);
    await start();
    await eventually(60, async () => formerKeys().length === 0);
    expect((await cluster.down()).code).toBe(0);
    expect([...(await sealedWith())]).not.toContain(former);
    await start();
  });
});

describe('certificates', () => {
  it('are swapped under the running server, and open connections go on', async () => {
    await start();
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

interface Secret {
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}
