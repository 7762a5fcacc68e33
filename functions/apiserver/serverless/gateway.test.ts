import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { headerValues } from '../http.ts';
import { type GatewayEvent, toApiRequest } from './gateway-event.ts';
import { toBuffered, toStreamed } from './gateway-response.ts';

const event: GatewayEvent = { httpMethod: 'GET', path: '/api/v1/pods' };

describe("API Gateway's events", () => {
  it('become requests, with every value of a header and of the query', () => {
    const request = toApiRequest({
      ...event,
      multiValueHeaders: { 'Impersonate-Group': ['a', 'b,c'], Authorization: ['Bearer t'], Upgrade: ['websocket'] },
      multiValueQueryStringParameters: { labelSelector: ['a=b,c in (d, e)'], watch: ['true'] },
      requestContext: { identity: { sourceIp: '192.0.2.7' } },
    });
    expect(headerValues(request, 'impersonate-group')).toEqual(['a', 'b,c']);
    expect(request.headers['authorization']).toBe('Bearer t');
    expect(request.headers['upgrade']).toBeUndefined();
    const query = new URLSearchParams(request.query);
    expect([query.get('labelSelector'), query.get('watch')]).toEqual(['a=b,c in (d, e)', 'true']);
    expect(request.remoteAddress).toBe('192.0.2.7');
  });

  it('carry bodies as text or base64', () => {
    expect(toApiRequest({ ...event, body: '{"a":"ü"}' }).body).toEqual(Buffer.from('{"a":"ü"}'));
    const bytes = Buffer.from([0, 255, 1]);
    const encoded = { ...event, body: bytes.toString('base64'), isBase64Encoded: true };
    expect(toApiRequest(encoded).body).toEqual(bytes);
    expect(toApiRequest({ ...event, body: null }).body).toBeUndefined();
  });
});

describe('responses', () => {
  it('are buffered as base64, without the headers that API Gateway sets itself', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': '2', warning: ['299 - "a"', '299 - "b"'] };
    expect(await toBuffered({ status: 201, headers, body: Buffer.from('{}') })).toEqual({
      statusCode: 201,
      multiValueHeaders: { 'content-type': ['application/json'], warning: ['299 - "a"', '299 - "b"'] },
      body: 'e30=',
      isBase64Encoded: true,
    });
  });

  it('that are too large to buffer become a Status that says so', async () => {
    const result = await toBuffered({ status: 200, headers: {}, body: new Uint8Array(6 * 1024 * 1024) });
    expect(result.statusCode).toBe(413);
    expect(JSON.parse(Buffer.from(result.body, 'base64').toString())).toMatchObject({
      reason: 'RequestEntityTooLarge',
    });
  });

  it('stream as they come, and end their source when the reader leaves', async () => {
    let ended = 0;
    const body = async function* () {
      try {
        for (let i = 0; ; i++) yield Buffer.from(`${i}\n`);
      } finally {
        ended++;
      }
    };
    let done = 0;
    const streamed = toStreamed({ status: 200, headers: {}, body: body() }, () => done++);
    const chunks: string[] = [];
    for await (const chunk of streamed.body) if (chunks.push(String(chunk)) === 3) break;
    expect(chunks.join('')).toBe('0\n1\n2\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect([ended, done]).toEqual([1, 1]);
  });

  it('stream what is whole, and nothing', async () => {
    const whole = toStreamed({ status: 200, headers: {}, body: Buffer.from('abc') }, () => {});
    expect(await text(whole.body)).toBe('abc');
    expect(await text(toStreamed({ status: 204, headers: {} }, () => {}).body)).toBe('');
  });
});
