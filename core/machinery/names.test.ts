import { describe, expect, it } from 'vitest';
import {
  configMapKey,
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  generateName,
  labelValueErrors,
  pathSegmentName,
  portName,
  qualifiedNameErrors,
  relaxedEnvVarName,
  safeEncode,
  wildcardDns1123Subdomain,
} from './names.ts';

describe('names', () => {
  it.each([
    [dns1123Label, ['a', 'a-1', '1a', 'a'.repeat(63)], ['', 'A', '-a', 'a-', 'a.b', 'a'.repeat(64), 'a\n']],
    [dns1123Subdomain, ['a.b', 'a'.repeat(63), '1.2'], ['a..b', '.a', 'A.b', `${'a.'.repeat(127)}`]],
    [dns1035Label, ['a', 'a-1'], ['1a', 'a.b', '']],
    [wildcardDns1123Subdomain, ['*.a.b'], ['*', 'a.b', '*.']],
    [qualifiedNameErrors, ['a', 'A_b.c', 'x.y/Name'], ['', '/a', 'a/', 'a/b/c', 'X/a', 'a b']],
    [labelValueErrors, ['', 'a', 'A_b'], ['-', 'a/b', 'a'.repeat(64)]],
    [portName, ['http', 'a-1'], ['', '80', 'a--b', '-a', 'sixteencharacter', 'A']],
    [pathSegmentName, ['system:node', 'A'], ['.', '..', 'a/b', 'a%']],
    [configMapKey, ['a.b', '_'], ['', '..', '..a', 'a/b']],
    [relaxedEnvVarName, ['A', 'a b', '1'], ['', 'a=b', 'é']],
  ])('%o', (check, valid, invalid) => {
    for (const each of valid) expect(check(each), each).toEqual([]);
    for (const each of invalid) expect(check(each), each).not.toEqual([]);
  });

  it('speak as Kubernetes does', () => {
    expect(dns1123Label('A')).toEqual([
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
    expect(dns1123Label('a.b')).toEqual(['must not contain dots']);
    expect(dns1123Label('a'.repeat(64))).toEqual(['must be no more than 63 bytes']);
    expect(qualifiedNameErrors('a/b/c')[0]).toMatch(
      /^a qualified name must consist .* with an optional DNS subdomain prefix/,
    );
    expect(pathSegmentName('a/b')).toEqual(["may not contain '/'"]);
  });

  it('are generated from a prefix, never too long', () => {
    let step = 0;
    const random = () => (step++ % 27) / 27;
    expect(generateName('web-', random)).toBe('web-bcdfg');
    const long = generateName('a'.repeat(100), () => 0.999999);
    expect(long).toHaveLength(63);
    expect(long.slice(58)).toBe('99999');
  });

  it('encode a hash without vowels', () => {
    expect(safeEncode('5d59d67564')).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{10}$/);
  });
});
