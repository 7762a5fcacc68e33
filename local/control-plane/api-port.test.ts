import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiRequest, ApiResponse } from '../../functions/apiserver/http.ts';
import type { ReadApi } from '../../functions/controllers/read-api.ts';
import { connectApi, controllersToken, serveApi } from './api-port.ts';

const token = controllersToken();
let channel: MessageChannel;
let read: ReadApi;
let asked: ApiRequest[];
let answer: (request: ApiRequest) => ApiResponse;

beforeEach(() => {
  channel = new MessageChannel();
  asked = [];
  const handle = async (request: ApiRequest) => {
    asked.push(request);
    return answer(request);
  };
  serveApi(handle, token, channel.port1);
  read = connectApi(channel.port2);
});

afterEach(() => {
  channel.port1.close();
});

describe('The controllers read through the API', () => {
  it('as their user, with a query', async () => {
    answer = () => ({ status: 200, headers: {}, body: Buffer.from('{"items":[]}') });
    expect(
      await read('/apis/metrics.k8s.io/v1beta1/namespaces/a/pods', { labelSelector: 'app=x,tier in (a)' }),
    ).toEqual({
      items: [],
    });
    expect(asked[0]).toMatchObject({
      method: 'GET',
      path: '/apis/metrics.k8s.io/v1beta1/namespaces/a/pods',
      query: 'labelSelector=app%3Dx%2Ctier+in+%28a%29',
      headers: { authorization: `Bearer ${token.token}` },
    });
  });

  it('what is streamed, too', async () => {
    async function* body() {
      yield Buffer.from('{"a"');
      yield Buffer.from(':1}');
    }
    answer = () => ({ status: 200, headers: {}, body: body() });
    expect(await read('/x', {})).toEqual({ a: 1 });
  });

  it('and hear of a failure what its Status says', async () => {
    const status = { kind: 'Status', reason: 'NotFound', message: 'no such metric', code: 404 };
    answer = () => ({ status: 404, headers: {}, body: Buffer.from(JSON.stringify(status)) });
    await expect(read('/x', {})).rejects.toMatchObject({ reason: 'NotFound', message: 'no such metric' });
    answer = () => ({ status: 502, headers: {}, body: Buffer.from('<html>') });
    await expect(read('/x', {})).rejects.toMatchObject({ message: 'the API answered 502 and no JSON' });
    answer = () => ({ status: 503, headers: {}, body: Buffer.from('{}') });
    await expect(read('/x', {})).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  });
});
