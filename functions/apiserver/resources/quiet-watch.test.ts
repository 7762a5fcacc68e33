// Where a stream that says nothing for long is cut off.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
beforeEach(async () => {
  t = await openTestApi({ watch: { keepAliveMs: 20, bookmarkMs: 20 } });
  await t.namespace('default');
});
afterEach(() => t.close());

const path = '/api/v1/namespaces/default/configmaps?watch=true';

async function chunks(query: string, headers = {}) {
  const { body } = await t.api.handle(t.request('GET', path + query, { headers }));
  if (body === undefined || body instanceof Uint8Array) throw new Error('no stream');
  return body[Symbol.asyncIterator]();
}

describe('a watch that nothing happens to', () => {
  it('sends a blank, which readers of JSON pass over', async () => {
    const stream = await chunks('');
    const [first, second] = [await stream.next(), await stream.next()];
    expect([first, second].map(({ value }) => Buffer.from(value).toString())).toEqual([' ', ' ']);
    const made = await t.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } });
    expect(made.status).toBe(201);
    let text = '  ';
    while (!text.includes('\n')) text += Buffer.from((await stream.next()).value).toString();
    expect(JSON.parse(text)).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    await stream.return?.();
  });

  it('sends bookmarks instead, where they are asked for', async () => {
    const stream = await chunks('&allowWatchBookmarks=true');
    const { value } = await stream.next();
    expect(JSON.parse(Buffer.from(value).toString())).toMatchObject({ type: 'BOOKMARK' });
    await stream.return?.();
  });

  it('ends where its encoding has nothing that means nothing', async () => {
    const stream = await chunks('', { accept: 'application/vnd.kubernetes.protobuf;stream=watch' });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});
