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
