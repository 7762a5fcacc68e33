import { expect, it } from 'vitest';
import { changeLines, type Style } from './print-changes.ts';

const now = new Date('2026-03-01T00:03:00Z');
const style: Style = { colour: false, secret: false, now };
const at = { revision: '7', time: '2026-03-01T00:00:00.000Z', operation: 'update' } as const;
const configMap = (data: object) => ({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c' }, data });

it('says who, when, from where, and what', () => {
  const by = { user: 'alice', impersonatedBy: 'bob', verb: 'patch', subresource: 'scale', sourceIP: '192.0.2.7' };
  const change = { ...at, by, object: configMap({ a: '2' }) };
  const before = { ...at, revision: '6', object: configMap({ a: '1', b: '1' }) };
  expect(changeLines(change, before, style)).toEqual([
    'revision 7  2026-03-01T00:00:00.000Z (3m ago)  update by alice (bob as them) from 192.0.2.7 [patch scale]',
    '  - data.a: "1"',
    '  + data.a: "2"',
    '  - data.b: "1"',
  ]);
});

it('says so where the log no longer has what was before', () => {
  expect(changeLines({ ...at, object: configMap({}) }, undefined, style)[1]).toContain('no longer in the log');
  expect(changeLines({ revision: '1', operation: 'update', object: {} }, undefined, style)[0]).toContain('older than');
});

it('shows of a Secret that it changed, and not what it holds or held', () => {
  const applied = { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"word":"aGlkZGVu"}}' };
  const secret = (word: string) => ({
    kind: 'Secret',
    metadata: { name: 's', annotations: applied },
    type: 'Opaque',
    data: { word },
  });
  const change = { ...at, object: secret('bmV3') };
  const hidden = { ...style, secret: true };
  const lines = [
    ...changeLines({ ...change, operation: 'create' }, undefined, hidden),
    ...changeLines(change, { ...at, object: secret('aGlkZGVu') }, hidden),
  ];
  expect(lines).toContain('  + data.word: ***');
  expect(lines).toContain('  + metadata.name: "s"');
  expect(lines.join('\n')).not.toMatch(/aGlkZGVu|bmV3/);
});

it('lets no control character of an object through to the terminal', () => {
  const text = 'a\u001b[31mb\u009bc\u202ed\n';
  const user = 'eve\u001b[2J\u202e';
  const change = { ...at, by: { user, verb: 'update' }, object: configMap({ [text]: text }) };
  const lines = changeLines(change, { ...at, object: configMap({}) }, style).join('');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  expect(lines).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
});
