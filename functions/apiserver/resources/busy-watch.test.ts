// A watch that has more to tell than one chunk takes, while more comes.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
beforeEach(async () => {
  t = await openTestApi({ watch: { bookmarkMs: 1 } });
  await t.namespace('default');
});
afterEach(() => t.close());

const path = '/api/v1/namespaces/default/configmaps';

describe('a watch whose events take several chunks', () => {
  it('says in a bookmark no revision whose events it has not told yet', async () => {
    const make = (name: string) => t.post(path, { metadata: { name }, data: { text: 'x'.repeat(60_000) } });
    const { body } = await t.api.handle(t.request('GET', `${path}?watch=true&allowWatchBookmarks=true`));
    if (body === undefined || body instanceof Uint8Array) throw new Error('no stream');
    const stream = body[Symbol.asyncIterator]();
    for (let i = 0; i < 8; i++) expect((await make(`before-${i}`)).status).toBe(201);
    const lines: { type: string; object: { metadata: { name?: string; resourceVersion: string } } }[] = [];
    let made = false;
    while (!lines.some(({ object }) => object.metadata.name === 'meanwhile')) {
      const { value } = await stream.next();
      for (const line of Buffer.from(value).toString().split('\n').filter(Boolean)) lines.push(JSON.parse(line));
      // After the first chunk was taken, before the last: a bookmark is due all the time.
      if (!made && lines.some(({ type }) => type !== 'BOOKMARK')) {
        made = true;
        expect((await make('meanwhile')).status).toBe(201);
      }
    }
    const at = lines.findIndex(({ object }) => object.metadata.name === 'meanwhile');
    const own = Number(lines[at]?.object.metadata.resourceVersion);
    for (const { type, object } of lines.slice(0, at))
      if (type === 'BOOKMARK') expect(Number(object.metadata.resourceVersion)).toBeLessThan(own);
    await stream.return?.();
  });
});
