import { expect, it } from 'vitest';
import { decodeYaml } from './yaml.ts';

// What go-yaml says; kubectl and the API server pass it on.
it.each([
  ['a: v1\nb: c\n  d: e\n', 'line 3: mapping values are not allowed in this context'],
  ['a: b: c\n', 'mapping values are not allowed in this context'],
  ['a:\n- b\n  c: d\n', 'line 3: mapping values are not allowed in this context'],
  ['a: v1\nb:\n\tc: x\n', 'line 3: found character that cannot start any token'],
  ['a: b\nc: @x\n', 'line 2: found character that cannot start any token'],
  ['a: `x`\n', 'found character that cannot start any token'],
  ['a: b\nfoo\nbar: x\n', "line 3: could not find expected ':'"],
  ['a: "x\nb: c\n', 'line 3: found unexpected end of stream'],
  ['a:\n  b: 1\n c: 2\n', 'line 2: did not find expected key'],
  ['a: b\n- c\n', 'line 1: did not find expected key'],
  ['{a: 1\n', "line 1: did not find expected ',' or '}'"],
  ['a: [1, 2\nb: 3\n', "line 1: did not find expected ',' or ']'"],
  ['a: *x\n', "unknown anchor 'x' referenced"],
  ['a: {{ .Values.x }}\n', 'invalid map key: map[interface {}]interface {}{".Values.x":interface {}(nil)}'],
  ['? [a, 1]\n: b\n', 'invalid map key: []interface {}{"a", 1}'],
])('%j is refused in the words of Go', (text, why) => {
  expect(() => decodeYaml(text)).toThrow(`the body is no valid YAML: yaml: ${why}`);
});
