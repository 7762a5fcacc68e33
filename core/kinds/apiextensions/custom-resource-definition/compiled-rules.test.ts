import { beforeAll, expect, it } from 'vitest';
import type { V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import { loadExpressions } from '../../../cel/expressions.ts';
import { compileAhead, compiledRules } from './compiled-rules.ts';
import { validateSchema } from './structural-schema.ts';

beforeAll(loadExpressions);

function large(count: number): V1JSONSchemaProps {
  const field = (index: number): V1JSONSchemaProps => ({
    type: 'object',
    properties: { a: { type: 'string', maxLength: 20 }, [`b${index}`]: { type: 'string', maxLength: 20 } },
    'x-kubernetes-validations': [
      { rule: `!has(self.a) || self.a != self.b${index}`, messageExpression: '"m" + self.a' },
    ],
  });
  const fields = Array.from({ length: count }, (_, index) => [`f${index}`, field(index)] as const);
  return { type: 'object', properties: { spec: { type: 'object', properties: Object.fromEntries(fields) } } };
}

it('is done in steps before validation, which then compiles nothing', () => {
  const root = large(300);
  const rules = compiledRules();
  const steps = [...compileAhead(root, rules)];
  expect(steps).toHaveLength(15);
  const asked: unknown[] = [];
  const watched = {
    ...rules,
    rule: (...of: Parameters<typeof rules.rule>) => {
      const made = rules.rule(...of);
      asked.push(made);
      expect(rules.rule(...of)).toBe(made);
      return made;
    },
  };
  expect(validateSchema(root, 'schema', watched)).toEqual([]);
  expect(asked).toHaveLength(300);
});

it('tells the same errors as validation alone', () => {
  const root = large(2);
  const spec = root.properties?.['spec'];
  for (const each of Object.values(spec?.properties ?? {}))
    each['x-kubernetes-validations'] = [{ rule: 'self.none == 1' }, { rule: '1' }];
  const rules = compiledRules();
  for (const _ of compileAhead(root, rules));
  const ahead = validateSchema(root, 'schema', rules);
  expect(ahead).toEqual(validateSchema(root, 'schema', compiledRules()));
  expect(ahead.map(({ message }) => message)).toEqual([
    expect.stringContaining("undefined field 'none'"),
    'Invalid value: {"Rule":"1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool',
    expect.stringContaining("undefined field 'none'"),
    'Invalid value: {"Rule":"1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool',
  ]);
});
