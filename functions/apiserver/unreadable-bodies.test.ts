// What is said of bodies that are no object of their path's kind, and of patches that are none: kubectl shows it as it is.
// Source: Kubernetes' serializers and handlers (Decode, Interpret, transformDecodeError, the patchers).

import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
const configMaps = '/api/v1/namespaces/default/configmaps';

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  await t.post(configMaps, { metadata: { name: 'a' }, data: { a: 'b' } });
});

afterAll(async () => {
  await t.close();
});

const json = 'application/json';
const yaml = 'application/yaml';
const unrecognized = 'the object provided is unrecognized (must be of type ConfigMap): ';
const parse = `${unrecognized}couldn't get version/kind; json parse error: `;
const typeMeta =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
const scheme = 'in scheme "pkg/api/legacyscheme/scheme.go:30"';

it.each([
  ['', json, `${parse}unexpected end of JSON input (<empty>)`],
  ['{', json, `${parse}unexpected end of JSON input ({)`],
  ['foo', json, `${parse}invalid character 'o' in literal false (expecting 'a') (666f6f)`],
  [
    '{"apiVersion":"v1","kind":"ConfigMap",}',
    json,
    `${parse}invalid character '}' looking for beginning of object key string ({"apiVersion":"v1","kind":"Con ...)`,
  ],
  ['[]', json, `${parse}json: cannot unmarshal array into Go value of type ${typeMeta} (5b5d)`],
  ['- a\n', yaml, `${parse}json: cannot unmarshal array into Go value of type ${typeMeta} (2d20610a)`],
  ['true', json, `${parse}json: cannot unmarshal bool into Go value of type ${typeMeta} (74727565)`],
  ['{"kind":1}', json, `${parse}json: cannot unmarshal number into Go struct field .kind of type string ({"kind":1})`],
  ['{"apiVersion":"a/b/c"}', json, `${unrecognized}unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})`],
  [
    '{"kind":"Foo"}',
    json,
    `Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo" is registered for version "v1" ${scheme}`,
  ],
  [
    '{"apiVersion":"apps/v1","kind":"Deployment"}',
    json,
    'Deployment in version "v1" cannot be handled as a ConfigMap: converting (v1.Deployment) to (core.ConfigMap): unknown conversion',
  ],
  [
    '{"kind":"ConfigMapList","items":[]}',
    json,
    'ConfigMapList in version "v1" cannot be handled as a ConfigMap: converting (v1.ConfigMapList) to (core.ConfigMap): unknown conversion',
  ],
  [
    'a: b\n  c: d\n',
    yaml,
    `${unrecognized}yaml: line 2: mapping values are not allowed in this context (613a20620a2020633a20640a)`,
  ],
  ['null', json, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'],
])('%j as %s is refused', async (body, type, message) => {
  expect((await t.call('POST', configMaps, { body, headers: { 'content-type': type } })).body.message).toBe(message);
});

it('another version of the kind is read, and refused for its version', async () => {
  const body = { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'a' } };
  expect((await t.post('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', body)).body.message).toBe(
    'the API version in the data (autoscaling/v1) does not match the expected API version (autoscaling/v2)',
  );
});

const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';
const jsonPatch = 'application/json-patch+json';
const apply = 'application/apply-patch+yaml';
const anyMap = 'map[string]interface {}';
const untyped = 'failed to create typed patch object (default/a; /v1, Kind=ConfigMap): ';

it.each([
  [merge, '{', 'error decoding patch: unexpected end of JSON input'],
  [merge, '[]', `error decoding patch: json: cannot unmarshal array into Go value of type ${anyMap}`],
  [merge, 'null', 'Invalid JSON Patch'],
  [strategic, '{', 'unexpected end of JSON input'],
  [strategic, '"a"', `json: cannot unmarshal string into Go value of type ${anyMap}`],
  [jsonPatch, '{', 'error decoding patch: unexpected end of JSON input'],
  [jsonPatch, '{}', 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
  [apply, '{a', "error decoding YAML: error converting YAML to JSON: yaml: did not find expected ',' or '}'"],
  [apply, '', 'invalid object type: /, Kind='],
  [apply, '{}', 'invalid object type: /, Kind='],
  [apply, '{"apiVersion":"apps/v1","kind":"Deployment"}', 'invalid object type: apps/v1, Kind=Deployment'],
  [apply, '{"apiVersion":"v1","kind":"ConfigMap","data":"x"}', `${untyped}.data: expected map, got &{x}`],
  [
    apply,
    '{"apiVersion":"v1","kind":"ConfigMap","data":{"x":8080}}',
    `${untyped}.data.x: expected string, got &value.valueUnstructured{Value:8080}`,
  ],
  [
    apply,
    '{"apiVersion":"v1","kind":"ConfigMap","data":{"x":{"b":[1,null],"a":"c"}}}',
    `${untyped}.data.x: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":"c", "b":[]interface {}{1, interface {}(nil)}}}`,
  ],
  [
    apply,
    '{"apiVersion":"v1","kind":"ConfigMap","immutable":"true"}',
    `${untyped}.immutable: expected boolean, got &{true}`,
  ],
])('a %s of %j is refused', async (type, body, message) => {
  const found = await t.patch(
    `${configMaps}/a?fieldManager=m&force=true`.replace(type === apply ? '' : '&force=true', ''),
    type,
    body,
  );
  expect([found.status, found.body.message]).toEqual([400, message]);
});

const invalid = (value: string, why: string) =>
  ` "" is invalid: patch: Invalid value: ${JSON.stringify(value)}: ${why}`;
const ofPatched = (why: string) =>
  expect.stringMatching(new RegExp(`^ "" is invalid: patch: Invalid value: "\\{.*: ${why}$`));

it.each([
  [merge, '{"foo":1}', ofPatched('strict decoding error: unknown field "foo"')],
  [
    merge,
    '{"foo":1,"data":{"a":"b","a":"c"}}',
    ofPatched('strict decoding error: duplicate field "data.a", unknown field "foo"'),
  ],
  [strategic, '{"foo":1}', invalid('map[foo:1]', 'strict decoding error: unknown field "foo"')],
  [jsonPatch, '[{"op":"add","path":"/foo","value":1}]', ofPatched('strict decoding error: unknown field "foo"')],
  [
    jsonPatch,
    '[{"op":"add","op":"add","path":"/data/x","value":"1","x":1}]',
    ofPatched(
      'strict decoding error: json patch duplicate field "\\[0\\]\\.op", json patch unknown field "\\[0\\]\\.x"',
    ),
  ],
  [merge, '{"kind":"Secret"}', ofPatched('converting \\(v1\\.Secret\\) to \\(core\\.ConfigMap\\): unknown conversion')],
  [merge, '{"apiVersion":"v2"}', ofPatched('no kind "ConfigMap" is registered for version "v2" .*')],
])('a strict %s of %j is refused with its result', async (type, body, message) => {
  const { status, body: found } = await t.patch(`${configMaps}/a?fieldValidation=Strict`, type, body);
  expect([status, found.message]).toEqual([422, message]);
  if (type === merge && body.startsWith('{"foo"')) expect(found.message).toContain('\\"foo\\":1');
});

it('a patch that is not strict is told of what is passed over', async () => {
  const patch = '[{"op":"add","path":"/data/x","value":"1","x":1},{"op":"add","path":"/foo","value":1}]';
  const { status, headers } = await t.patch(`${configMaps}/a`, jsonPatch, patch);
  expect(status).toBe(200);
  expect(headers['warning']).toEqual([
    '299 - "json patch unknown field \\"[0].x\\""',
    '299 - "unknown field \\"foo\\""',
  ]);
});

it('a strategic patch says nothing of the kind', async () => {
  const { status, body } = await t.patch(`${configMaps}/a`, strategic, {
    apiVersion: 'v2',
    kind: 'Secret',
    data: { k: 'v' },
  });
  expect([status, body.kind, body.apiVersion, body.data.k]).toEqual([200, 'ConfigMap', 'v1', 'v']);
});

it('a Service that is not there is created by a PUT', async () => {
  const body = { metadata: { name: 'by-put' }, spec: { ports: [{ port: 1 }] } };
  expect((await t.put('/api/v1/namespaces/default/services/by-put', body)).status).toBe(201);
});
