import { expect, it } from 'vitest';
import { goSyntaxError } from './go-json-error.ts';

// Source: the scanner of Go's encoding/json.
it.each([
  ['', 'unexpected end of JSON input'],
  ['  ', 'unexpected end of JSON input'],
  ['{', 'unexpected end of JSON input'],
  ['[1', 'unexpected end of JSON input'],
  ['"a', 'unexpected end of JSON input'],
  ['tru', 'unexpected end of JSON input'],
  ['1.', 'unexpected end of JSON input'],
  ['-', 'unexpected end of JSON input'],
  ['{"a":1', 'unexpected end of JSON input'],
  ['foo', "invalid character 'o' in literal false (expecting 'a')"],
  ['nil', "invalid character 'i' in literal null (expecting 'u')"],
  ['apiVersion: v1', "invalid character 'a' looking for beginning of value"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['[1 2]', "invalid character '2' after array element"],
  ['{} foo', "invalid character 'f' after top-level value"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\u0001"', "invalid character '\\x01' in string literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
  ['01', "invalid character '1' after top-level value"],
  ['-a', "invalid character 'a' in numeric literal"],
  ['1.e', "invalid character 'e' after decimal point in numeric literal"],
  ['1ex', "invalid character 'x' in exponent of numeric literal"],
  ['é', "invalid character 'Ã' looking for beginning of value"],
  ['\u200b{}', "invalid character 'â' looking for beginning of value"],
])('says of %j what Go says', (text, error) => {
  expect(goSyntaxError(text)).toBe(error);
  expect(() => JSON.parse(text)).toThrow();
});

it.each(['1', '0', '-0.5e+3', '{"a":[1,{"b":null}],"c":"\\u00e9\\n"} \n', ' [] ', 'true'])('takes %j', (text) => {
  expect(goSyntaxError(text)).toBeUndefined();
});
