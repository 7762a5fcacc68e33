import { afterEach, beforeEach, expect, it } from 'vitest';
import { followHeader, revisionHeader } from '../../../core/edge/follow.ts';
import { wholeBody } from '../content/list-body.ts';
import { adminToken, openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
beforeEach(async () => {
  t = await openTestApi();
});
afterEach(() => t.close());

async function follow(value: string, query = '') {
  const headers = { authorization: `Bearer ${adminToken}`, [followHeader]: value };
  const answer = await t.api.handle({ method: 'GET', path: '/api/v1/namespaces', query: `watch=1&${query}`, headers });
  const text = Buffer.from(await wholeBody(answer.body ?? new Uint8Array())).toString();
  const lines = text.split('\n').filter((line) => line !== '');
  const events = lines.map((line) => JSON.parse(line));
  return { status: answer.status, revision: answer.headers[revisionHeader], events };
}

const namesOf = ({ events }: Awaited<ReturnType<typeof follow>>) =>
  events.map(({ type, object }) => `${type} ${object.metadata.name ?? object.metadata.resourceVersion}`);

const create = (name: string) => t.post('/api/v1/namespaces', { metadata: { name } });

it('tells what a watch would tell now, and ends', async () => {
  for (const name of ['a', 'b', 'c']) await create(name);
  const opened = await follow('open');
  expect(namesOf(opened)).toEqual(['ADDED a', 'ADDED b', 'ADDED c']);
  expect(opened.revision).toBe('3');
  expect(namesOf(await follow('open', 'resourceVersion=1&allowWatchBookmarks=1'))).toEqual([
    'ADDED b',
    'ADDED c',
    'BOOKMARK 3',
  ]);
});

it('goes on after exactly a revision, be it 0, and up to one', async () => {
  const empty = await follow('on', 'resourceVersion=0');
  expect(empty).toMatchObject({ status: 200, revision: '0', events: [] });
  for (const name of ['a', 'b']) await create(name);
  await t.remove('/api/v1/namespaces/a');
  expect(namesOf(await follow('on', 'resourceVersion=0')).slice(0, 2)).toEqual(['ADDED a', 'ADDED b']);
  const upTo = await follow('2', 'resourceVersion=1&allowWatchBookmarks=1');
  expect(namesOf(upTo)).toEqual(['ADDED b', 'BOOKMARK 2']);
  expect(upTo.revision).toBe('2');
});

it('refuses a header that means nothing, and versions that are gone', async () => {
  for (const value of ['', 'yes', '-1', '1e3', '01']) expect((await follow(value)).status).toBe(400);
  for (const name of ['a', 'b']) await create(name);
  await t.store.compact('namespaces', 2);
  const later = await t.get('/api/v1/namespaces');
  expect(later.status).toBe(200);
  expect((await follow('on', 'resourceVersion=99999')).status).toBe(504);
});
