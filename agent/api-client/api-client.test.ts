import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiClient, ApiError, createApiClient, UnreachableError } from './api-client.ts';

let server: http2.Http2Server;
let client: ApiClient;

beforeEach(async () => {
  server = http2.createServer();
  server.on('stream', (stream, { ':path': path }) => {
    stream.on('error', () => undefined);
    if (path === '/base/gone') return stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    if (path === '/base/echo') {
      stream.respond({ ':status': 200 });
      return void stream.pipe(stream);
    }
    const status = path === '/base/missing' ? 404 : 200;
    stream.respond({ ':status': status });
    stream.end(JSON.stringify(status === 200 ? { path } : { message: 'it is not there' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = createApiClient({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/` });
});
afterEach(async () => {
  client.close();
  await new Promise((resolve) => server.close(resolve));
});

const series = (name: string) => client.metrics.families().find((each) => each.name === name)?.series ?? [];

describe('the connection to the API server', () => {
  it('tells answers, failures and silence apart', async () => {
    expect(await client.json('GET', '/pods')).toEqual({ path: '/base/pods' });
    await expect(client.json('GET', '/missing')).rejects.toEqual(new ApiError(404, 'it is not there'));
    await expect(client.json('GET', '/gone')).rejects.toBeInstanceOf(UnreachableError);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('sends the body of a %s', async (method) => {
    expect(await client.json(method, '/echo', { body: { sent: true } })).toEqual({ sent: true });
  });

  it('counts requests by what came of them, and times those that the server does not hold', async () => {
    await client.json('GET', '/pods');
    await client.request('GET', '/missing');
    await client.request('GET', '/gone').catch(() => undefined);
    await client.json('POST', '/queues', { longPoll: true });
    const host = new URL(client.credentials.server).host;
    expect(series('rest_client_requests_total')).toEqual([
      { labels: `code="200",host="${host}",method="GET"`, value: 1 },
      { labels: `code="404",host="${host}",method="GET"`, value: 1 },
      { labels: `code="<error>",host="${host}",method="GET"`, value: 1 },
      { labels: `code="200",host="${host}",method="POST"`, value: 1 },
    ]);
    expect(series('rest_client_request_duration_seconds')).toMatchObject([
      { labels: `host="${host}",verb="GET"`, value: { total: 3 } },
      { labels: `host="${host}",verb="POST"`, value: { total: 0 } },
    ]);
  });
});
