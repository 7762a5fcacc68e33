import { expect, it } from 'vitest';
import { decodeProtobuf } from '../../core/api/protobuf/decode-protobuf.ts';
import { openTestApi } from './testing/open-test-api.ts';

const path = '/apis/apps/v1/namespaces/default/controllerrevisions';
/** As Go writes it: `kubectl rollout undo` makes the same of a template, and compares. */
const asGo = String.raw`{"spec":{"template":{"args":["a \u0026\u0026 b \u003e\u003cc","\u2028"]}}}`;
const data = { spec: { template: { args: ['a && b ><c', '\u2028'] } } };

it("the data of a ControllerRevision is answered in Go's bytes, however it was sent", async () => {
  const t = await openTestApi();
  await t.namespace('default');
  const bytes = async (method: string, target: string, accept: string, body?: object) => {
    const response = await t.api.handle({
      ...t.request(method, target, { headers: { accept, 'content-type': 'application/json' } }),
      ...(body && { body: Buffer.from(JSON.stringify(body)) }),
    });
    const found: Uint8Array[] = [];
    const parts = response.body instanceof Uint8Array ? [response.body] : (response.body ?? []);
    for await (const part of parts) found.push(Buffer.from(part));
    return Buffer.concat(found);
  };
  const revision = { metadata: { name: 'r' }, data, revision: 1 };
  const json = 'application/json';
  expect((await bytes('POST', `${path}?dryRun=All`, json, revision)).toString()).toContain(asGo);
  expect((await bytes('POST', path, json, revision)).toString()).toContain(asGo);
  expect((await bytes('GET', `${path}/r`, json)).toString()).toContain(asGo);
  expect((await bytes('GET', path, json)).toString()).toContain(asGo);
  const protobuf = await bytes('GET', `${path}/r`, 'application/vnd.kubernetes.protobuf');
  expect(protobuf.toString('latin1')).toContain(asGo);
  expect(decodeProtobuf(protobuf)).toMatchObject({ data });
  expect((await t.get(`${path}/r`)).body.data).toEqual(data);
  await t.close();
});
