import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
let now: Date;
const maps = '/api/v1/namespaces/default/configmaps';
const auditID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const kubectl = { 'user-agent': 'kubectl/v1.36.0 (linux/amd64) kubernetes/abc', 'audit-id': auditID };

beforeEach(async () => {
  now = new Date('2026-03-01T00:00:00Z');
  const clock = () => now;
  t = await openTestApi({ now: clock }, { clock });
  await t.namespace('default');
  later();
});

afterEach(() => t.close());

function later(seconds = 10): string {
  now = new Date(now.getTime() + seconds * 1000);
  return now.toISOString();
}

const object = (key: string) => ({ metadata: { name: 'c', namespace: 'default' }, data: { key } });

async function write(...keys: readonly string[]) {
  for (const [at, key] of keys.entries()) {
    if (at === 0) await t.post(maps, object(key));
    else await t.put(`${maps}/c`, object(key));
    later();
  }
}

describe('changes', () => {
  it('tell who made each, by which request, with what and when', async () => {
    await t.post(maps, object('one'), { headers: kubectl });
    const time = later();
    await t.patch(`${maps}/c?fieldManager=mine`, 'application/merge-patch+json', object('two'), {
      headers: { ...kubectl, 'impersonate-user': 'alice', 'impersonate-group': 'system:masters' },
    });
    later();
    await t.patch(`${maps}/c?fieldManager=tool&force=true`, 'application/apply-patch+yaml', {
      ...object('three'),
      kind: 'ConfigMap',
      apiVersion: 'v1',
    });
    await t.remove(`${maps}/c`, { headers: kubectl });
    const { body } = await t.get(`${maps}/c?history=changes`);
    expect(body).toMatchObject({
      kind: 'ObjectHistory',
      complete: true,
      metadata: { name: 'c', namespace: 'default' },
    });
    const items: { operation: string; by: object; time: string; object: { data: { key: string } } }[] = body.items;
    expect(items.map(({ operation, object: { data } }) => `${operation} ${data.key}`)).toEqual([
      'delete three',
      'update three',
      'update two',
      'create one',
    ]);
    const agent = 'kubectl/v1.36.0';
    expect(items.map(({ by }) => by)).toEqual([
      { user: 'admin', verb: 'delete', userAgent: agent, auditID },
      { user: 'admin', verb: 'apply', fieldManager: 'tool', auditID: expect.any(String) },
      { user: 'alice', impersonatedBy: 'admin', verb: 'patch', fieldManager: 'mine', userAgent: agent, auditID },
      { user: 'admin', verb: 'create', userAgent: agent, auditID },
    ]);
    expect(items[2]?.time).toBe(time);
    expect(JSON.stringify(body)).not.toContain('managedFields');
  });

  it('by a subresource and by a part of the control plane say so', async () => {
    await t.create('namespaces', '', { metadata: { name: 'made-by-a-controller' } });
    const made = await t.get('/api/v1/namespaces/made-by-a-controller?history=changes');
    expect(made.body.items[0].by.auditID).toBeUndefined();
    await t.put('/api/v1/namespaces/made-by-a-controller/finalize', {
      metadata: { name: 'made-by-a-controller' },
      spec: { finalizers: [] },
    });
    const changed = await t.get('/api/v1/namespaces/made-by-a-controller?history=changes');
    expect(changed.body.items[0].by).toMatchObject({ user: 'admin', verb: 'update', subresource: 'finalize' });
  });

  it('come in pages', async () => {
    await write('1', '2', '3', '4', '5');
    const keys: string[] = [];
    let token = '';
    for (let pages = 0; pages < 9; pages++) {
      const { body } = await t.get(`${maps}/c?history=changes&limit=2${token && `&continue=${token}`}`);
      keys.push(...body.items.map((each: { object: { data: { key: string } } }) => each.object.data.key));
      token = body.metadata.continue ?? '';
      expect(body.complete).toBe(token === '');
      if (token === '') break;
    }
    expect(keys).toEqual(['5', '4', '3', '2', '1']);
  });

  it('of large objects come in smaller pages', async () => {
    const large = 'x'.repeat(900_000);
    await write(`${large}1`, `${large}2`, `${large}3`, `${large}4`, `${large}5`, `${large}6`, `${large}7`);
    const { body } = await t.get(`${maps}/c?history=changes`);
    expect(body.items.length).toBeLessThan(7);
    expect(body.metadata.continue).toBeDefined();
  });

  it('that are no longer in the log are said to be missing', async () => {
    await write('1', '2', '3');
    await t.store.compact('configmaps', await t.store.head('configmaps'));
    const { body } = await t.get(`${maps}/c?history=changes`);
    expect([body.complete, body.items.length]).toEqual([false, 1]);
  });
});

describe('a state', () => {
  it('is what there was at a time or a revision', async () => {
    await t.post(maps, object('one'));
    const first = later();
    later();
    const { body: second } = await t.put(`${maps}/c`, object('two'));
    later();
    await t.put(`${maps}/c`, object('three'));
    const keyAt = async (at: string) => (await t.get(`${maps}/c?history=state&at=${at}`)).body.data?.key;
    expect(await keyAt(first)).toBe('one');
    expect(await keyAt(second.metadata.resourceVersion)).toBe('two');
    expect(await keyAt(now.toISOString())).toBe('three');
    const { body } = await t.get(`${maps}/c?history=state&at=${second.metadata.resourceVersion}`);
    expect(body).toEqual(second);
  });

  it('before an object was made, and after it was deleted, is none', async () => {
    const before = now.toISOString();
    later();
    await write('one');
    const there = now.toISOString();
    later();
    await t.remove(`${maps}/c`);
    const after = later();
    expect((await t.get(`${maps}/c?history=state&at=${before}`)).status).toBe(404);
    expect((await t.get(`${maps}/c?history=state&at=${there}`)).body.data.key).toBe('one');
    const gone = await t.get(`${maps}/c?history=state&at=${after}`);
    expect([gone.status, gone.body.message]).toEqual([404, expect.stringContaining('deleted at 2026-03-01T')]);
    expect((await t.get(`${maps}/never?history=changes`)).status).toBe(404);
  });

  it('that the log no longer has is gone, with what to do', async () => {
    await write('1', '2');
    const then = new Date(now.getTime() - 15_000).toISOString();
    await write('3');
    await t.put(`${maps}/c`, object('4'));
    await t.store.compact('configmaps', await t.store.head('configmaps'));
    const one = await t.get(`${maps}/c?history=state&at=${then}`);
    const many = await t.get(`${maps}?history=state&at=${then}`);
    for (const { status, body } of [one, many]) {
      expect([status, body.reason]).toEqual([410, 'Expired']);
      expect(body.message).toContain('--history');
    }
  });

  it('of a namespace is the list that there was, in pages', async () => {
    for (const name of ['a', 'b', 'c']) await t.post(maps, { metadata: { name, namespace: 'default' } });
    const then = later();
    later();
    await t.remove(`${maps}/b`);
    await t.put(`${maps}/a`, { metadata: { name: 'a', namespace: 'default' }, data: { key: 'new' } });
    const names: string[] = [];
    for (let token = '', pages = 0; pages < 9; pages++) {
      const { body } = await t.get(`${maps}?history=state&at=${then}&limit=2${token && `&continue=${token}`}`);
      expect(body.kind).toBe('ConfigMapList');
      names.push(
        ...body.items.map(
          ({ metadata, data }: { metadata: { name: string }; data?: object }) => metadata.name + (data ? '!' : ''),
        ),
      );
      token = body.metadata.continue ?? '';
      if (token === '') break;
    }
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it('is asked for in words that are understood, or refused', async () => {
    await write('one');
    const bad = ['history=all', 'history=state', 'history=state&at=yesterday', 'history=state&at=2036-03-01T00:00:00Z'];
    for (const query of [...bad, 'history=changes&limit=-1', 'history=changes&continue=x', 'history=changes&limit=x'])
      expect([query, (await t.get(`${maps}/c?${query}`)).status]).toEqual([query, 400]);
    expect((await t.get(`${maps}/c?history=state&at=999`)).status).toBe(504);
    expect((await t.get(`${maps}?history=changes`)).status).toBe(400);
    expect((await t.get(`${maps}?history=state&at=1`)).status).toBe(400);
    expect((await t.get('/api/v1/namespaces/default/status?history=changes')).status).toBe(400);
  });
});
