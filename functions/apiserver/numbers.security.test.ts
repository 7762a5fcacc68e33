// Integers of 64 bits go through the API as they are, on every route and in every encoding; what is no number of its field's type is refused.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeCbor } from '../../core/api/cbor/decode-cbor.ts';
import { encodeCbor } from '../../core/api/cbor/encode-cbor.ts';
import { decodeProtobuf } from '../../core/api/protobuf/decode-protobuf.ts';
import { encodeProtobuf } from '../../core/api/protobuf/encode-protobuf.ts';
import { integerOf, parseJson } from '../../core/machinery/json.ts';
import { decodeYaml } from '../../core/machinery/yaml.ts';
import { encodeYaml } from '../../core/machinery/yaml-text.ts';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { tried } from '../../test/tools/tried.ts';
import { wholeBody } from './content/list-body.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;

const bigs = '/apis/numbers.example.com/v1/namespaces/default/bigs';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const merge = 'application/merge-patch+json';
const jsonPatch = 'application/json-patch+json';
const apply = 'application/apply-patch+yaml';
const strategic = 'application/strategic-merge-patch+json';

const int = { type: 'integer', format: 'int64' };

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  const crd = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"bigs.numbers.example.com"},
    "spec":{"group":"numbers.example.com","scope":"Namespaced","names":{"plural":"bigs","kind":"Big"},"versions":[{"name":"v1","served":true,"storage":true,
    "additionalPrinterColumns":[{"name":"Big","type":"integer","jsonPath":".spec.big"},{"name":"Text","type":"string","jsonPath":".spec.big"}],
    "selectableFields":[{"jsonPath":".spec.big"}],
    "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
      "x-kubernetes-validations":[{"rule":"!has(self.big) || !has(self.twin) || self.big == self.twin","message":"they differ"}],
      "properties":{
      "big":${JSON.stringify(int)},"twin":{"type":"integer"},"small":{"type":"integer","format":"int32"},"number":{"type":"number"},
      "either":{"x-kubernetes-int-or-string":true},
      "bounded":{"type":"integer","maximum":9007199254740992,"multipleOf":3},
      "chosen":{"type":"integer","enum":[9007199254740993,5]},
      "preset":{"type":"integer","default":9007199254740993},
      "set":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"integer"}},
      "map":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["id"],"items":{"type":"object","required":["id"],"properties":{"id":{"type":"integer"},"text":{"type":"string"}}}},
      "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true}
    }}}}}}]}}`;
  expect(await t.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)).toMatchObject({ status: 201 });
  await vi.waitFor(() => expect(t.definitions.ofType('numbers.example.com/bigs')).toBeDefined());
});

afterAll(async () => {
  await t.close();
});

let serial = 0;
const nextName = () => `n${++serial}`;

/** The spec of a JSON answer, exactly. */
function specOf(text: string): Record<string, unknown> {
  const { spec } = parseJson(text) as { spec: Record<string, unknown> };
  return spec;
}

async function bytes(method: string, target: string, headers: Record<string, string>, body?: Uint8Array) {
  const request = t.request(method, target, { headers });
  const answer = await t.api.handle(body ? { ...request, body } : request);
  return { status: answer.status, bytes: await wholeBody(answer.body ?? new Uint8Array()) };
}

const big = (value: bigint, name: string, more = '') =>
  `{"apiVersion":"numbers.example.com/v1","kind":"Big","metadata":{"name":"${name}"},"spec":{"big":${value}${more}}}`;

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, 2n ** 53n + 1n, 2n ** 53n - 1n, -(2n ** 53n) - 1n, 0n, -1n),
);

describe('an integer of 64 bits in a custom resource', () => {
  it('is kept by creates, updates, patches, applies, gets, lists, watches and tables', async () => {
    let count = 0;
    const property = fc.asyncProperty(int64, int64, async (value, other) => {
      count += 1;
      const name = nextName();
      const path = `${bigs}/${name}`;
      const is = (text: string, expected: bigint) => expect(text).toMatch(new RegExp(`"big":${expected}[,}]`));
      const created = await t.post(bigs, big(value, name, `,"twin":${value},"free":{"a":[${value}]},"set":[${value}]`));
      expect(created.status).toBe(201);
      is(created.text, value);
      is((await t.get(path)).text, value);
      expect(specOf((await t.get(path)).text)).toMatchObject({
        twin: integerOf(value),
        free: { a: [integerOf(value)] },
        set: [integerOf(value)],
        preset: 9007199254740993n,
      });
      is((await t.get(`${bigs}?fieldSelector=spec.big=${value}`)).text, value);
      // The same again is no change.
      const before = parseJson((await t.get(path)).text) as { metadata: { resourceVersion: string } };
      const same = (await t.get(path)).text;
      const again = await t.put(path, same);
      expect(parseJson(again.text)).toEqual(before);

      const merged = await t.patch(path, merge, `{"spec":{"big":${other},"twin":null}}`);
      is(merged.text, other);
      const tested = (expected: bigint) =>
        t.patch(
          path,
          jsonPatch,
          `[{"op":"test","path":"/spec/big","value":${expected}},{"op":"add","path":"/spec/big","value":${value}}]`,
        );
      if (other !== value) expect((await tested(other === 2n ** 63n - 1n ? other - 1n : other + 1n)).status).toBe(422);
      is((await tested(other)).text, value);

      const applied = await t.patch(
        `${path}?fieldManager=me&force=true`,
        apply,
        big(other, name, `,"map":[{"id":${other},"text":"x"}]`),
      );
      expect(applied.status).toBe(200);
      is(applied.text, other);
      expect(applied.text).toContain(`"k:{\\"id\\":${other}}"`);
      const applyAgain = await t.patch(
        `${path}?fieldManager=me`,
        apply,
        big(other, name, `,"map":[{"id":${other},"text":"x"}]`),
      );
      expect(applyAgain.text).toBe(applied.text);

      const table = await t.get(path, { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } });
      expect(table.text).toContain(`"cells":["${name}",${other},"${other}"]`);
      const watch = await t.api.handle(t.request('GET', `${bigs}?watch=true&fieldSelector=metadata.name=${name}`));
      const events = (watch.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
      is(Buffer.from((await events.next()).value ?? []).toString(), other);
      await events.return?.();
      is((await t.patch(`${path}?dryRun=All`, merge, `{"spec":{"big":${value}}}`)).text, value);
      await t.remove(path);
    });
    await fc.assert(property, { numRuns: fuzzRuns(25) });
    tried('integers on every route of the API', count);
  });

  it('is kept by YAML and CBOR, in and out', async () => {
    let count = 0;
    const property = fc.asyncProperty(int64, async (value) => {
      count += 1;
      const object = (name: string) => parseJson(big(value, name));
      const encoders: Record<string, (name: string) => Uint8Array> = {
        'application/yaml': (name) => Buffer.from(encodeYaml(object(name))),
        'application/cbor': (name) => encodeCbor(object(name)),
      };
      for (const [type, encode] of Object.entries(encoders)) {
        const name = nextName();
        const created = await bytes('POST', bigs, { 'content-type': type, accept: 'application/json' }, encode(name));
        expect(specOf(Buffer.from(created.bytes).toString())['big']).toBe(integerOf(value));
        const yaml = await bytes('GET', `${bigs}/${name}`, { accept: 'application/yaml' });
        expect(decodeYaml(yaml.bytes).value).toMatchObject({ spec: { big: integerOf(value) } });
        const cbor = await bytes('GET', `${bigs}/${name}`, { accept: 'application/cbor' });
        expect(decodeCbor(cbor.bytes)).toMatchObject({ spec: { big: integerOf(value) } });
        await t.remove(`${bigs}/${name}`);
      }
    });
    await fc.assert(property, { numRuns: fuzzRuns(25) });
    tried('integers in YAML and CBOR', count);
  });

  it.each<[string, number, string]>([
    ['"big":9223372036854775808', 422, 'must be of type int64: \\"float64\\"'],
    ['"big":-9223372036854775809', 422, 'must be of type int64: \\"float64\\"'],
    ['"big":9007199254740992.0', 422, 'must be of type int64: \\"float64\\"'],
    ['"big":1e3', 201, '"big":1000'],
    ['"big":5.0', 201, '"big":5'],
    ['"big":1.5', 422, 'must be of type int64: \\"float64\\"'],
    ['"big":1e999', 400, 'cannot unmarshal number 1e999'],
    ['"big":"9007199254740993"', 422, 'must be of type integer: \\"string\\"'],
    ['"small":2147483648', 422, 'Checked value must be of type integer with format int32'],
    ['"small":9007199254740993', 422, 'Checked value must be of type integer with format int32'],
    ['"small":-2147483648', 201, '"small":-2147483648'],
    ['"number":9007199254740993', 201, '"number":9007199254740993'],
    ['"number":1e300', 201, '"number":1e+300'],
    ['"number":1e999', 400, 'cannot unmarshal number 1e999'],
    ['"free":{"x":[1e999]}', 400, 'cannot unmarshal number 1e999'],
    ['"free":{"x":[9223372036854775808]}', 201, '"x":[9223372036854776000]'],
    ['"either":9007199254740993', 201, '"either":9007199254740993'],
    ['"either":1.5', 422, 'must be of type integer,string'],
    ['"bounded":9007199254740993', 422, 'should be less than or equal to 9007199254740992'],
    ['"bounded":-9007199254740993', 201, '"bounded":-9007199254740993'],
    ['"bounded":-9007199254740994', 422, 'should be a multiple of 3'],
    ['"chosen":9007199254740993', 201, '"chosen":9007199254740993'],
    [
      '"chosen":9007199254740992',
      422,
      'Unsupported value: 9007199254740992: supported values: \\"9007199254740993\\", \\"5\\"',
    ],
    ['"big":9007199254740993,"twin":9007199254740992', 422, 'they differ'],
    ['"set":[9007199254740993,9007199254740992]', 201, '[9007199254740993,9007199254740992]'],
    ['"set":[9007199254740993,9007199254740993]', 422, 'Duplicate value: 9007199254740993'],
  ])('%s: %i, %s', async (field, status, text) => {
    const object = `{"apiVersion":"numbers.example.com/v1","kind":"Big","metadata":{"name":"${nextName()}"},"spec":{${field}}}`;
    const answer = await t.post(bigs, object);
    expect(answer.text).toContain(text);
    expect(answer.status).toBe(status);
    tried('numbers at the edges of their fields');
  });
});

const deployment = (name: string, spec: string) =>
  `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"${name}"},"spec":{"selector":{"matchLabels":{"a":"b"}},"replicas":0,"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}],${spec}}}}}`;

describe('an integer of 64 bits in a built-in kind', () => {
  it('is kept by every encoding, protobuf too, and by strategic patches', async () => {
    let count = 0;
    const property = fc.asyncProperty(int64, async (value) => {
      count += 1;
      const name = nextName();
      const text = deployment(
        name,
        `"tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":${value}}]`,
      );
      const body = encodeProtobuf(parseJson(text) as object);
      const headers = { 'content-type': 'application/vnd.kubernetes.protobuf', accept: 'application/json' };
      const created = await bytes('POST', deployments, headers, body);
      expect(created.status).toBe(201);
      expect(Buffer.from(created.bytes).toString()).toMatch(new RegExp(`"tolerationSeconds":${value}[,}]`));
      const path = `${deployments}/${name}`;
      const same = { spec: { template: { spec: { tolerations: [{ tolerationSeconds: integerOf(value) }] } } } };
      const protobuf = await bytes('GET', path, { accept: 'application/vnd.kubernetes.protobuf' });
      expect(decodeProtobuf(protobuf.bytes)).toMatchObject(same);
      expect(decodeCbor((await bytes('GET', path, { accept: 'application/cbor' })).bytes)).toMatchObject(same);
      expect(decodeYaml((await bytes('GET', path, { accept: 'application/yaml' })).bytes).value).toMatchObject(same);
      const grace = value < 0n ? -value - 1n : value;
      const patched = await t.patch(
        path,
        strategic,
        `{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":${grace}}}}}`,
      );
      expect(patched.status).toBe(200);
      expect(patched.text).toMatch(new RegExp(`"terminationGracePeriodSeconds":${grace}[,}]`));
      expect(patched.text).toMatch(new RegExp(`"tolerationSeconds":${value}[,}]`));
      await t.remove(path);
    });
    await fc.assert(property, { numRuns: fuzzRuns(25) });
    tried('integers in protobuf', count);
  });

  it.each<[string, string, string?]>([
    [
      '"priority":2147483648',
      'json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.template.spec.priority of type int32',
    ],
    [
      '"priority":-9223372036854775808',
      'json: cannot unmarshal number -9223372036854775808 into Go struct field PodSpec.spec.template.spec.priority of type int32',
    ],
    [
      '"terminationGracePeriodSeconds":9223372036854775808',
      'json: cannot unmarshal number 9223372036854776000 into Go struct field PodSpec.spec.template.spec.terminationGracePeriodSeconds of type int64',
    ],
    [
      '"terminationGracePeriodSeconds":1.0',
      'json: cannot unmarshal number 1.0 into Go struct field PodSpec.spec.template.spec.terminationGracePeriodSeconds of type int64',
    ],
    [
      '"terminationGracePeriodSeconds":1e1',
      'json: cannot unmarshal number 1e1 into Go struct field PodSpec.spec.template.spec.terminationGracePeriodSeconds of type int64',
    ],
    [
      '"terminationGracePeriodSeconds":1.5',
      'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.template.spec.terminationGracePeriodSeconds of type int64',
    ],
    [
      '"terminationGracePeriodSeconds":"1"',
      'json: cannot unmarshal string into Go struct field PodSpec.spec.template.spec.terminationGracePeriodSeconds of type int64',
      'expected numeric (int or float), got string',
    ],
    [
      '"hostNetwork":1',
      'json: cannot unmarshal number into Go struct field PodSpec.spec.template.spec.hostNetwork of type bool',
      'expected boolean, got &{1}',
    ],
    [
      '"tolerations":{}',
      'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.tolerations of type []v1.Toleration',
      'expected list, got &{map[]}',
    ],
    [
      '"nodeSelector":[]',
      'json: cannot unmarshal array into Go struct field PodSpec.spec.template.spec.nodeSelector of type map[string]string',
      'expected map, got &{[]}',
    ],
    [
      '"securityContext":"x"',
      'json: cannot unmarshal string into Go struct field PodSpec.spec.template.spec.securityContext of type v1.PodSecurityContext',
      'expected map, got &{x}',
    ],
  ])('%s is refused: %s', async (field, text, applied = text) => {
    for (const [ask, expected] of [
      [() => t.post(deployments, deployment(nextName(), field)), text],
      [() => t.patch(`${deployments}/${nextName()}?fieldManager=me`, apply, deployment(`n${serial}`, field)), applied],
    ] as const) {
      const answer = await ask();
      expect(answer.body.message).toContain(expected);
      expect(answer.status).toBe(400);
    }
    tried('numbers at the edges of their fields');
  });
});
