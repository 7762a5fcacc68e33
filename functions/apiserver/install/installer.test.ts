import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { createInstaller } from './installer.ts';

const program = Buffer.from('the agent, packed');
const sha256 = createHash('sha256').update(program).digest('hex');
const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
let reads = 0;
let t: TestApi;
beforeEach(async () => {
  reads = 0;
  const installer = createInstaller({
    authority: () => pem,
    programs: async () => [
      {
        architecture: 'amd64',
        bytes: program.length,
        sha256,
        unpackedSha256: 'f'.repeat(64),
        async *read() {
          reads += 1;
          yield program;
        },
      },
    ],
  });
  t = await openTestApi({ installer });
});
afterEach(() => t.close());

const ask = (path: string, method = 'GET') => t.call(method, path, { as: null });

it('gives the script, the certificate and the agent to whoever asks, and nothing else', async () => {
  const script = await ask('/install-agent');
  expect(script).toMatchObject({ status: 200, headers: { 'content-type': expect.stringContaining('shellscript') } });
  expect(script.text).toContain(sha256);
  expect(script.text).toContain(pem.trim());
  const windows = await ask('/install-agent/install-agent.ps1');
  expect(windows).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' } });
  expect(windows.text).toContain("@('agent', 'join', '--server'");
  expect(await ask('/install-agent/ca.crt')).toMatchObject({ status: 200, text: pem });
  expect(await ask('/install-agent/zeroplane-linux-amd64.gz')).toMatchObject({
    status: 200,
    headers: { 'content-length': String(program.length) },
    text: program.toString(),
  });
  expect(await ask('/install-agent/SHA256SUMS')).toMatchObject({
    status: 200,
    text: `${sha256}  zeroplane-linux-amd64.gz\n${'f'.repeat(64)}  zeroplane-linux-amd64\n`,
  });
  for (const path of ['zeroplane-linux-arm64.gz', 'ca.key', '..%2Fpki%2Fca.key', 'ca.crt/more'])
    expect((await ask(`/install-agent/${path}`)).status, path).toBe(404);
  expect((await ask('/install-agent', 'POST')).status).toBe(403);
});

it('sends whoever asks on to where the agent lies', async () => {
  const elsewhere = createInstaller({
    authority: () => undefined,
    programs: async () => [
      {
        ...{ architecture: 'arm64', bytes: 5, sha256, unpackedSha256: 'f'.repeat(64) },
        url: () => new URL('https://s3.test/bucket/agent.gz?X-Amz-Signature=1'),
      },
    ],
  });
  const own = await openTestApi({ installer: elsewhere });
  try {
    const answer = await own.call('GET', '/install-agent/zeroplane-linux-arm64.gz', { as: null });
    expect(answer).toMatchObject({ status: 307, headers: { location: expect.stringContaining('https://s3.test/') } });
    expect((await own.call('GET', '/install-agent/SHA256SUMS', { as: null })).text).toContain(sha256);
    expect((await own.call('GET', '/install-agent', { as: null })).text).not.toContain('--cacert');
    expect((await own.call('GET', '/install-agent/ca.crt', { as: null })).status).toBe(404);
  } finally {
    await own.close();
  }
});

it('opens no file for an answer that nobody reads', async () => {
  const head = await t.api.handle(t.request('HEAD', '/install-agent/zeroplane-linux-amd64.gz', { as: null }));
  expect(head.status).toBe(200);
  // As the edge does with an answer that it does not send.
  if (head.body && !(head.body instanceof Uint8Array)) await head.body[Symbol.asyncIterator]().return?.();
  expect(reads).toBe(0);
});

it('is a script that shells can read', async () => {
  const { text } = await ask('/install-agent');
  // In a message it would run what it quotes.
  expect(text.split('\n').filter((line) => line.includes('`') && !line.startsWith('#'))).toEqual([]);
  for (const shell of [['sh'], ['busybox', 'sh']]) {
    const [file = '', ...args] = shell;
    const ran = spawnSync(file, [...args, '-n'], { input: text, encoding: 'utf8' });
    // Not every machine has busybox.
    if (ran.error === undefined) expect(ran.stderr).toBe('');
  }
  // What was cut off on its way does nothing, wherever it ends.
  for (let end = 0; end < text.length - 12; end += 97) {
    const ran = spawnSync('sh', ['-s'], { input: text.slice(0, end), encoding: 'utf8' });
    expect(ran.stdout + ran.stderr.replace(/.*(syntax error|unexpected|Unterminated|here-document).*\n?/gi, '')).toBe(
      '',
    );
  }
});
