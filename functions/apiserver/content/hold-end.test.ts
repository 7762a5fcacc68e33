import http2, { type ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiRequest } from '../http.ts';
import { type Serving, serve } from '../serve.ts';
import { createTestAuthority, type TestAuthority } from '../testing/certificates.ts';
import { readBody } from './body.ts';

let authority: TestAuthority;
let serving: Serving;
/** What became of each stream that was begun, at its close. */
const closed: { readonly finished: boolean; readonly code: number | undefined }[] = [];
/** Bodies that were read. */
const got: string[] = [];

/** Answers with what it got. */
async function handle(request: ApiRequest) {
  const { body } = request;
  // as: over HTTP/2 the body is the stream.
  if (body instanceof Readable) watch(body as ServerHttp2Stream);
  const bytes = await readBody(request);
  got.push(Buffer.from(bytes).toString());
  return { status: 200, headers: {}, body: bytes };
}

function watch(stream: ServerHttp2Stream) {
  stream.once('close', () => closed.push({ finished: stream.writableFinished, code: stream.rstCode }));
}

beforeAll(async () => {
  authority = await createTestAuthority();
  const tls = await authority.server();
  serving = await serve({ handle, upgrade: async () => undefined }, { host: '127.0.0.1', port: 0, tls });
});

afterAll(() => serving.close(0));

interface Sent {
  readonly chunks: readonly string[];
  readonly announced?: number;
  readonly unended?: boolean;
  /** It may be closed before it is begun. */
  readonly wrong?: boolean;
}

async function send({ chunks, announced, unended, wrong }: Sent) {
  const session = http2.connect(serving.url, { ca: authority.cert });
  session.on('error', () => undefined);
  closed.length = 0;
  got.length = 0;
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/',
      ...(announced !== undefined && { 'content-length': announced }),
    });
    stream.on('error', () => undefined);
    const read: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => read.push(chunk));
    const over = new Promise((resolve) => stream.once('close', resolve));
    for (const chunk of chunks) await new Promise((resolve) => stream.write(chunk, resolve));
    if (!unended) stream.end();
    await over;
    if (!wrong) await expect.poll(() => closed.length, { timeout: 60_000 }).toBe(1);
    return { text: Buffer.concat(read).toString(), code: stream.rstCode, ...closed[0] };
  } finally {
    session.destroy();
  }
}

describe('the body of an HTTP/2 request', () => {
  it('keeps its stream until the answer has been written, and no longer', async () => {
    for (const chunks of [['abc'], ['a', 'bc'], ['a', 'b', 'c']])
      expect(await send({ chunks, announced: 3 })).toEqual({ text: 'abc', code: 0, finished: true });
  });

  it('may come without its length, or empty', async () => {
    expect(await send({ chunks: ['abc', 'd'] })).toMatchObject({ text: 'abcd', code: 0 });
    expect(await send({ chunks: [] })).toMatchObject({ text: '', code: 0 });
    expect(await send({ chunks: [], announced: 0 })).toMatchObject({ text: '', code: 0 });
  });

  it('is answered when it is whole, and its stream closed, where the client never says that it ends', async () => {
    expect(await send({ chunks: ['abc'], announced: 3, unended: true })).toEqual({
      text: 'abc',
      code: 0,
      finished: true,
    });
  });

  it('is nothing where it is longer or shorter than announced', async () => {
    for (const chunk of ['abcd', 'ab']) {
      const { text, code } = await send({ chunks: [chunk], announced: 3, wrong: true });
      expect({ text, failed: code !== 0, got }).toEqual({ text: '', failed: true, got: [] });
    }
  });
});
