// What an admission webhook answers holds up nobody but who asked for it, and is refused as its failure: answers of megabytes, of which each value
// would be work for the thread that all requests share.

import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { longestTurn, slowness } from '../../test/tools/longest-turn.ts';
import { tried } from '../../test/tools/tried.ts';
import { createTestAuthority } from './testing/certificates.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

const limitMs = 150;
const configmaps = '/api/v1/namespaces/a/configmaps?dryRun=All';
let t: TestApi;
let server: Server;
/** The rest of the response, as text: what it takes to make it is not measured. */
let answer = '';

beforeAll(async () => {
  const authority = await createTestAuthority();
  server = createServer(await authority.server(), (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [, uid = ''] = /"uid":"([^"]+)"/.exec(Buffer.concat(chunks).toString('latin1')) ?? [];
      const head = '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"allowed":true,"uid":"';
      response.end(`${head}${uid}"${answer}}}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // as: a TCP server has one.
  const { port } = server.address() as AddressInfo;
  t = await openTestApi();
  await t.namespace('a');
  const rules = [{ operations: ['*'], apiGroups: [''], apiVersions: ['*'], resources: ['configmaps'] }];
  const caBundle = Buffer.from(authority.cert).toString('base64');
  const hook = { name: 'hook.example.com', clientConfig: { url: `https://127.0.0.1:${port}`, caBundle }, rules };
  const webhooks = [{ ...hook, sideEffects: 'None', admissionReviewVersions: ['v1'] }];
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  expect((await t.post(path, { metadata: { name: 'hook' }, webhooks })).status).toBe(201);
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await t.close();
});

const many = (length: number, make: (index: number) => string) => Array.from({ length }, (_, i) => make(i)).join(',');
const patch = (text: string) => `,"patchType":"JSONPatch","patch":"${Buffer.from(text).toString('base64')}"`;
const map = (length: number) => `{${many(length, (i) => `"k${i}":"v"`)}}`;
const small = { metadata: { name: 'x' } };
const big = { metadata: { name: 'x' }, data: JSON.parse(map(58_000)) };

const answers: Readonly<Record<string, readonly [status: number, answer: () => string, object?: object]>> = {
  'half a million values in a patch': [500, () => patch(`[{"op":"add","path":"/data","value":${map(500_000)}}]`)],
  'a million operations': [500, () => patch(`[${many(1_000_000, () => '0')}]`)],
  'a million names in a list': [
    500,
    () => patch(`[{"op":"add","path":"/metadata/finalizers","value":[${many(1_000_000, () => '"a/b"')}]}]`),
  ],
  'lists in lists without end': [
    500,
    () => patch(`[{"op":"add","path":"/data","value":${'['.repeat(900_000)}${']'.repeat(900_000)}}]`),
  ],
  'two million warnings': [500, () => `,"warnings":[${many(2_000_000, () => '"w"')}]`],
  'as many warnings as it may send': [201, () => `,"warnings":[${many(50_000, (i) => `"w${i}"`)}]`],
  'warnings that are none': [201, () => `,"warnings":[null,{"toString":1},[[[]]],7]`],
  'half a million annotations': [500, () => `,"auditAnnotations":${map(500_000)}`],
  'ten thousand operations on a large object': [
    201,
    () => patch(`[${many(10_000, (i) => `{"op":"replace","path":"/data/k${i}","value":"w"}`)}]`),
    big,
  ],
  'one operation on a large object': [201, () => patch('[{"op":"add","path":"/metadata/labels","value":{}}]'), big],
};

it.each(Object.keys(answers))('%s', { timeout: 120_000 }, async (name) => {
  const [wanted, make, object = small] = answers[name] ?? expect.fail('no such answer');
  answer = make();
  const body = JSON.stringify(object);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3 && least > limitMs; round++) {
    const scale = slowness();
    let status = 0;
    let text = '';
    const held = await longestTurn(async () => {
      const { status: code, body: said } = await t.api.handle(
        t.request('POST', configmaps, { body, headers: { 'content-type': 'application/json' } }),
      );
      status = code;
      text = said instanceof Uint8Array ? Buffer.from(said.subarray(0, 500)).toString() : '';
    });
    expect(status, text).toBe(wanted);
    // Its failure is told of as such, and not as one of ours.
    if (wanted === 500) expect(text).toMatch(/webhook \\"hook\.example\.com\\"/);
    least = Math.min(least, held / scale);
  }
  tried('answers of a hostile webhook');
  expect(least).toBeLessThan(limitMs);
});
