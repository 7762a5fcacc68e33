import { afterEach, describe, expect, it } from 'vitest';
import { type OpenedEdge, openEdge } from './testing/open-edge.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';

let t: OpenedEdge;
afterEach(() => t.close());

const create = (name: string, labels: Record<string, string> = {}) =>
  t.post(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels } });
const head = async (): Promise<string> => (await t.get(configMaps)).body.metadata.resourceVersion;

describe('watches through an edge', () => {
  it.each([1, 2] as const)('see everything once and in order, over HTTP/%i', async (version) => {
    t = await openEdge();
    await create('a');
    const watch = await t.watch(`${configMaps}?watch=true`, {}, version);
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    for (const name of ['b', 'c', 'd']) await create(name);
    for (const name of ['b', 'c', 'd'])
      expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name } } });
    await t.remove(`${configMaps}/b`);
    expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'b' } } });
    watch.stop();
  });

  it('share one follow, wherever they begin', async () => {
    t = await openEdge();
    await create('a');
    const from = await head();
    const first = await t.watch(`${configMaps}?watch=1&resourceVersion=${from}`);
    await create('b');
    expect(await first.next()).toMatchObject({ object: { metadata: { name: 'b' } } });
    const watches = [
      await t.watch(`${configMaps}?watch=1&resourceVersion=${from}`),
      await t.watch(`${configMaps}?resourceVersion=0&watch=1&timeoutSeconds=500`),
      await t.watch(`${configMaps}?watch=1`, {}, 2),
    ];
    await create('c');
    for (const watch of [first, ...watches]) {
      const names: string[] = [];
      while (names.at(-1) !== 'c') names.push((await watch.next()).object.metadata.name);
      expect(names.filter((name) => name !== 'a')).toEqual(watch === first ? ['c'] : ['b', 'c']);
    }
    const looks = () => t.follows().filter(({ target }) => !target.includes('timeoutSeconds')).length;
    const [before, started] = [looks(), performance.now()];
    await expect.poll(looks).toBeGreaterThan(before + 4);
    // One follow, and not four: at the slowest pace of 50 ms.
    expect(looks() - before).toBeLessThan((performance.now() - started) / 50 + 4);
    for (const watch of [first, ...watches]) watch.stop();
  });

  it('are opened anew without asking, while nothing changed', async () => {
    t = await openEdge({ pace: { quickMs: 600_000, slowMs: 600_000, checkMs: 600_000 } });
    await create('a');
    const target = `${configMaps}?watch=1&resourceVersion=${await head()}`;
    const first = await t.watch(`${target}&timeoutSeconds=1`);
    expect(await first.next()).toBeUndefined();
    const asked = t.follows().length;
    const second = await t.watch(target);
    expect(second.headers['content-type']).toBe('application/json');
    expect(t.follows()).toHaveLength(asked);
    second.stop();
  });

  it('see what is written through the same edge at once, however seldom it looks', async () => {
    t = await openEdge({ pace: { quickMs: 1, slowMs: 600_000, checkMs: 600_000 } });
    const watch = await t.watch(`${configMaps}?watch=1`);
    await expect.poll(() => t.follows().length).toBeGreaterThan(5);
    await t.json('POST', configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'own' } });
    expect(await watch.next()).toMatchObject({ object: { metadata: { name: 'own' } } });
    watch.stop();
  });

  it('get the state and its end, as a streaming list', async () => {
    t = await openEdge();
    await create('a');
    const watch = await t.watch(
      `${configMaps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    expect(await watch.next()).toMatchObject({ type: 'ADDED' });
    const bookmark = await watch.next();
    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    await create('b');
    for (let event = await watch.next(); ; event = await watch.next())
      if (event.type === 'ADDED') {
        expect(event.object.metadata.name).toBe('b');
        break;
      }
    // Where it stands, with what it saw.
    expect(await watch.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { resourceVersion: await head() } },
    });
    watch.stop();
  });

  it('keep to their selectors: what stops matching is gone', async () => {
    t = await openEdge();
    await create('a', { app: 'x' });
    const watch = await t.watch(`${configMaps}?watch=1&labelSelector=app%3Dx`);
    expect(await watch.next()).toMatchObject({ type: 'ADDED' });
    await create('other', { app: 'y' });
    await t.patch(`${configMaps}/a`, 'application/merge-patch+json', { metadata: { labels: { app: 'y' } } });
    expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'a' } } });
    watch.stop();
  });

  it.each([
    ['a Table', 'application/json;as=Table;v=v1;g=meta.k8s.io'],
    ['metadata alone', 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'],
  ])('come as %s', async (_, accept) => {
    t = await openEdge();
    const watch = await t.watch(`${configMaps}?watch=1`, { accept });
    await create('a');
    const { object } = await watch.next();
    expect(object.kind).toBe(accept.includes('Table') ? 'Table' : 'PartialObjectMetadata');
    watch.stop();
  });

  it.each(['application/vnd.kubernetes.protobuf', 'application/cbor'])('come as %s, byte for byte', async (accept) => {
    t = await openEdge();
    const [through, straight] = await Promise.all([
      t.request('GET', `${configMaps}?watch=1`, { accept }),
      t.api.handle({
        method: 'GET',
        path: configMaps,
        query: 'watch=1',
        headers: { authorization: 'Bearer admin-token-of-the-test', accept },
      }),
    ]);
    expect(through.headers['content-type']).toBe(straight.headers['content-type']);
    await create('a');
    if (straight.body === undefined || straight.body instanceof Uint8Array) throw new Error('no stream');
    const expected = (await straight.body[Symbol.asyncIterator]().next()).value;
    const [chunk] = await new Promise<[Buffer]>((resolve) => through.stream.once('data', (data) => resolve([data])));
    expect(Buffer.compare(chunk, Buffer.from(expected))).toBe(0);
    through.stream.destroy();
  });

  it('are refused as the API refuses them', async () => {
    t = await openEdge();
    await create('a');
    await t.store.compact('configmaps', 1);
    expect((await t.json('GET', `${configMaps}?watch=1&sendInitialEvents=true`)).status).toBe(422);
    expect((await t.json('GET', '/api/v1/nothings?watch=1')).status).toBe(404);
    expect((await t.json('GET', `${configMaps}?watch=1`, undefined, { authorization: 'Bearer x' })).status).toBe(401);
  });

  it('go on when the API fails for a while, and miss nothing', async () => {
    let failing = false;
    t = await openEdge({}, {}, async (request, handle) =>
      failing && request.query.includes('watch')
        ? { status: 503, headers: {}, body: Buffer.from('') }
        : handle(request),
    );
    const watch = await t.watch(`${configMaps}?watch=1`);
    failing = true;
    await create('a');
    const before = t.follows().length;
    await expect.poll(() => t.follows().length).toBeGreaterThan(before + 1);
    failing = false;
    expect(await watch.next()).toMatchObject({ object: { metadata: { name: 'a' } } });
    watch.stop();
  });

  it('pass on what an API without follows says', async () => {
    t = await openEdge({}, {}, (request, handle) => {
      const { 'zeroplane-follow': _, ...headers } = request.headers;
      return handle({ ...request, headers });
    });
    const watch = await t.watch(`${configMaps}?watch=1`);
    await create('a');
    expect(await watch.next()).toMatchObject({ object: { metadata: { name: 'a' } } });
    watch.stop();
  });
});
