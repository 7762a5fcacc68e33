import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startFauxqs } from 'fauxqs';
import { expect, it } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { credentialsFrom } from '../../signature/aws-environment.ts';
import { createSignedRequests } from '../../signature/signed-requests.ts';
import { openDynamoStore } from './dynamodb-store.ts';
import { MissingValueError } from './large-values.ts';
import { s3LargeValues } from './s3.ts';

it('keeps values that do not fit an item in S3, and finds them again at every revision', {
  timeout: 30_000,
}, async () => {
  const server = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' });
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${server.port}`,
  };
  const requests = createSignedRequests({
    service: 's3',
    region: env.AWS_REGION,
    credentials: () => credentialsFrom(env),
    connectMs: 1000,
  });
  try {
    await requests.send({ method: 'PUT', url: new URL('/values', env.AWS_ENDPOINT_URL_S3) }, 4000);
    const large = s3LargeValues({ env, bucket: 'values' });
    const store = openDynamoStore({ calls: modelCalls(new ModelTable(Date.now)), table: 'store', large });
    // Does not compress.
    const noise = Buffer.alloc(600_000);
    for (let i = 0, state = 1; i < noise.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      noise[i] = state >>> 24;
    }
    const value = { bytes: noise, revisionOffset: 10 };
    await store.commit([{ op: 'put', type: 'secrets', name: 'a', expect: 0, value }]);
    await store.commit([{ op: 'put', type: 'secrets', name: 'a', expect: 1, value }]);
    const read = (await store.get('secrets', 'a'))?.value ?? new Uint8Array();
    expect(read).toHaveLength(noise.length + 1);
    expect(String.fromCharCode(read[10] ?? 0)).toBe('2');
    expect(Buffer.compare(read.subarray(11), noise.subarray(10))).toBe(0);
    const [first] = (await store.log('secrets', 0)).entries;
    expect(String.fromCharCode(first?.value[10] ?? 0)).toBe('1');
  } finally {
    requests.close();
    await server.stop();
  }
});

it('puts back a value that was removed and is asked for all the same, and says what is missing', async () => {
  // S3 in small, with versions: fauxqs keeps none.
  const versions: { readonly key: string; readonly id: string; readonly body: Buffer | undefined }[] = [];
  const newest = (key: string) => versions.findLast((each) => each.key === key);
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://s3');
    const key = decodeURIComponent(url.pathname.slice('/bucket/'.length));
    const answer = (status: number, body: Buffer | string = '') => response.writeHead(status).end(body);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method === 'PUT') versions.push({ key, id: `v${versions.length}`, body: Buffer.concat(chunks) });
    if (request.method === 'PUT') return answer(200);
    if (request.method === 'DELETE') versions.push({ key, id: `v${versions.length}`, body: undefined });
    if (request.method === 'DELETE') return answer(204);
    if (url.searchParams.has('versions')) {
      const found = versions.filter((each) => each.key.startsWith(url.searchParams.get('prefix') ?? ''));
      const told = found
        .reverse()
        .slice(0, Number(url.searchParams.get('max-keys')))
        .map(({ key, id, body }) => {
          const kind = body ? 'Version' : 'DeleteMarker';
          return `<${kind}><Key>${key}</Key><VersionId>${id}</VersionId></${kind}>`;
        });
      return answer(200, `<ListVersionsResult>${told.join('')}</ListVersionsResult>`);
    }
    const id = url.searchParams.get('versionId');
    const found = id === null ? newest(key) : versions.find((each) => each.key === key && each.id === id);
    return found?.body ? answer(200, found.body) : answer(404, '<Error><Code>NoSuchKey</Code></Error>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // as: a TCP server's address.
  const { port } = server.address() as AddressInfo;
  try {
    const env = {
      ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    };
    const large = s3LargeValues({ env, bucket: 'bucket' });
    await large.put('a', Buffer.from('kept'));
    await large.remove('a');
    expect(newest('values/a')?.body).toBeUndefined();
    expect(Buffer.from(await large.get('a')).toString()).toBe('kept');
    expect(newest('values/a')?.body?.toString()).toBe('kept');
    await expect(large.get('never')).rejects.toThrow(MissingValueError);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
