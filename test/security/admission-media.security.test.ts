// A body's encoding is no way around admission: every type, created, replaced, patched, applied and deleted in each media type that the API
// takes, meets a webhook, and a policy, that refuse all; and afterwards nothing has changed.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCbor } from '../../core/api/cbor/encode-cbor.ts';
import { encodeProtobuf, hasProtobuf } from '../../core/api/protobuf/encode-protobuf.ts';
import { certificateRequest } from '../../core/certificates/testing.ts';
import { encodeYaml } from '../../core/machinery/yaml-text.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { openWebhook, type WebhookServer } from '../../functions/apiserver/testing/webhook-server.ts';
import { tried } from '../tools/tried.ts';
import { samples } from './samples.ts';

interface Json {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string };
  readonly [field: string]: unknown;
}

interface Stored {
  readonly collection: string;
  readonly path: string;
  readonly object: Json;
}

interface Attempt {
  readonly what: string;
  readonly of: Stored;
  readonly method: string;
  readonly target: string;
  readonly mediaType?: string;
  readonly body?: Uint8Array;
}

const encoders = new Map<string, (object: Json) => Uint8Array>([
  ['application/json', (object) => Buffer.from(JSON.stringify(object))],
  ['application/yaml', (object) => Buffer.from(encodeYaml(object))],
  ['application/vnd.kubernetes.protobuf', (object) => encodeProtobuf(object)],
  ['application/cbor', (object) => encodeCbor(object)],
]);

const label = { metadata: { labels: { changed: 'yes' } } };
const patches = new Map<string, Uint8Array>([
  ['application/merge-patch+json', Buffer.from(JSON.stringify(label))],
  ['application/strategic-merge-patch+json', Buffer.from(JSON.stringify(label))],
  [
    'application/json-patch+json',
    Buffer.from(JSON.stringify([{ op: 'add', path: '/metadata/labels', value: { changed: 'yes' } }])),
  ],
]);

let t: TestApi;
const stored: Stored[] = [];

beforeAll(async () => {
  // Events end some time after now.
  t = await openTestApi({}, { clock: () => new Date() });
  await t.namespace('a');
  const { request } = await certificateRequest('jane');
  const spec = {
    request: Buffer.from(request).toString('base64'),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
  };
  const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  for (const { path, object } of [...samples, { path: requests, object: { metadata: { name: 'sample' }, spec } }]) {
    const { status, body, text } = await t.post(path, object);
    expect(status, `${path}: ${text}`).toBe(201);
    stored.push({ collection: path, path: `${path}/${body.metadata.name}`, object: body });
  }
});

afterAll(async () => {
  await t.close();
});

/** Whose names follow from what they hold. */
const namedOtherwise = new Map<string, { readonly name: string; readonly spec: object }>([
  ['CustomResourceDefinition', { name: 'samples.example.org', spec: { group: 'example.org' } }],
  ['APIService', { name: 'v9.another.example.com', spec: { group: 'another.example.com' } }],
  ['IPAddress', { name: '192.0.2.10', spec: {} }],
]);
const nameOfNew = ({ object }: Stored) => namedOtherwise.get(object.kind)?.name ?? 'another';

function newOf(of: Stored): Json {
  const { namespace } = of.object.metadata;
  const spec = namedOtherwise.get(of.object.kind)?.spec;
  return {
    ...of.object,
    metadata: { name: nameOfNew(of), ...(namespace && { namespace }) },
    ...(spec && { spec: { ...(of.object['spec'] as object), ...spec } }),
  };
}

const changedOf = ({ object }: Stored): Json => ({
  ...object,
  metadata: { ...object.metadata, ...label.metadata },
});

function* attempts(): Iterable<Attempt> {
  for (const of of stored) {
    const { collection, path, object } = of;
    const encodings = [...encoders].filter(
      ([mediaType]) => !mediaType.endsWith('protobuf') || hasProtobuf(object.apiVersion, object.kind),
    );
    for (const [mediaType, encode] of encodings) {
      yield { what: 'create', of, method: 'POST', target: collection, mediaType, body: encode(newOf(of)) };
      yield { what: 'update', of, method: 'PUT', target: path, mediaType, body: encode(changedOf(of)) };
      const options = encode({ apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 } as unknown as Json);
      yield { what: 'delete', of, method: 'DELETE', target: path, mediaType, body: options };
    }
    for (const [mediaType, body] of patches)
      yield { what: 'patch', of, method: 'PATCH', target: path, mediaType, body };
    const apply = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { name: object.metadata.name, ...label.metadata },
    };
    const query = '?fieldManager=me&force=true';
    for (const [mediaType, encode] of [
      ['application/apply-patch+yaml', (value: Json) => Buffer.from(encodeYaml(value))],
      ['application/apply-patch+cbor', (value: Json) => encodeCbor(value)],
    ] as const) {
      // An Event must be about something of its namespace, which an apply of its labels alone does not say.
      if (object.kind !== 'Event')
        yield { what: 'apply', of, method: 'PATCH', target: `${path}${query}`, mediaType, body: encode(apply) };
      const made = `${collection}/${nameOfNew(of)}${query}`;
      yield { what: 'apply anew', of, method: 'PATCH', target: made, mediaType, body: encode(newOf(of)) };
    }
    yield { what: 'delete without a body', of, method: 'DELETE', target: path };
    if (!collection.endsWith('/namespaces'))
      yield { what: 'deletecollection', of, method: 'DELETE', target: collection };
  }
}

async function send({ method, target, mediaType, body }: Attempt) {
  const request = t.request(method, target, mediaType ? { headers: { 'content-type': mediaType } } : {});
  const answer = await t.api.handle(body ? { ...request, body } : request);
  return { status: answer.status, text: Buffer.from((answer.body as Uint8Array | undefined) ?? []).toString() };
}

/** What was not refused with these words though it should, or was though it is exempt. */
async function unrefused(exempt: (of: Stored) => boolean, words: string): Promise<string[]> {
  const found: string[] = [];
  let count = 0;
  for (const attempt of attempts()) {
    if (exempt(attempt.of)) continue;
    count++;
    const { status, text } = await send(attempt);
    if (status < 400 || !text.includes(words))
      found.push(`${attempt.what} ${attempt.of.object.kind} as ${attempt.mediaType}: ${status} ${text.slice(0, 200)}`);
  }
  tried('bodies in every media type past admission', count);
  return found;
}

async function expectUnchanged(): Promise<void> {
  for (const of of stored) {
    const { collection, path, object } = of;
    const { status, body } = await t.get(path);
    expect(status, path).toBe(200);
    expect(body.metadata.resourceVersion, path).toBe(object.metadata.resourceVersion);
    expect((await t.get(`${collection}/${nameOfNew(of)}`)).status, path).toBe(404);
  }
}

const everything = { apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], scope: '*' };
const admission = '/apis/admissionregistration.k8s.io/v1';
const isOfAdmission = ({ object }: Stored) =>
  object.apiVersion.startsWith('admissionregistration.k8s.io/') &&
  /^(Mutating|Validating)(AdmissionPolicy|AdmissionPolicyBinding|WebhookConfiguration)$/.test(object.kind);

it('of every type that can be created there is one', () => {
  const creatable = t.definitions
    .all()
    .filter(({ verbs, customResource }) => verbs.includes('create') && verbs.includes('list') && !customResource)
    .map(({ type }) => type);
  const types = stored.map(({ object }) => {
    const [version = '', group = ''] = object.apiVersion.split('/').reverse();
    return t.definitions.findKind(group, version, object.kind)?.type;
  });
  expect(creatable.filter((type) => !types.includes(type))).toEqual([]);
});

describe('a webhook that refuses all', () => {
  let webhook: WebhookServer;
  for (const kind of ['mutating', 'validating'])
    it(`is met by every body, as a ${kind} one`, { timeout: 240_000 }, async () => {
      webhook = await openWebhook(() => ({ allowed: false, status: { message: 'nothing passes' } }));
      const path = `${admission}/${kind}webhookconfigurations`;
      const made = await t.post(path, {
        metadata: { name: 'all' },
        webhooks: [
          {
            name: 'all.example.com',
            clientConfig: { url: webhook.url, caBundle: webhook.caBundle },
            rules: [{ ...everything, operations: ['*'] }],
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
          },
        ],
      });
      expect(made.status).toBe(201);
      try {
        expect(await unrefused(isOfAdmission, 'nothing passes')).toEqual([]);
        await expectUnchanged();
      } finally {
        await t.remove(`${path}/all`);
        await webhook.close();
      }
    });
});

describe('a validating policy that refuses all', () => {
  it('is met by every body', { timeout: 240_000 }, async () => {
    const spec = {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [{ ...everything, operations: ['*'] }] },
      validations: [{ expression: 'false', message: 'nothing passes' }],
    };
    const policies = `${admission}/validatingadmissionpolicies`;
    const bindings = `${admission}/validatingadmissionpolicybindings`;
    expect((await t.post(policies, { metadata: { name: 'all' }, spec })).status).toBe(201);
    const binding = { policyName: 'all', validationActions: ['Deny'] };
    expect((await t.post(bindings, { metadata: { name: 'all' }, spec: binding })).status).toBe(201);
    try {
      expect(await unrefused(isOfAdmission, 'nothing passes')).toEqual([]);
      await expectUnchanged();
    } finally {
      await t.remove(`${bindings}/all`);
      await t.remove(`${policies}/all`);
    }
  });
});
