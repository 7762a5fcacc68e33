// What a policy's expressions get wrong of the kinds that it is for. It tells whoever wrote the policy and changes nothing of what it does: the
// kinds that it names in full, ten of them at most. Source: KEP-3488, "Type checking"; apiserver's policy type checker.

import type { V1ExpressionWarning, V1ValidatingAdmissionPolicySpec } from '../../../../generated/kubernetes.ts';
import type { Definitions, ResourceDefinition } from '../../../api/definition.ts';
import { expressions } from '../../../cel/expressions.ts';
import { dyn, type Type } from '../../../cel/types/types.ts';
import type { Schema } from '../../../machinery/schema.ts';
import { paramDefinition } from '../param-kind.ts';

const mostKinds = 10;
/** Characters of expressions that are looked at, for each kind once: of a policy of a megabyte nothing is. */
const longestPolicy = 50_000;

export function typeWarnings(spec: V1ValidatingAdmissionPolicySpec, definitions: Definitions): V1ExpressionWarning[] {
  const kinds = kindsOf(spec, definitions);
  const { validations = [], variables = [], paramKind } = spec;
  const texts = [...variables, ...validations].map(({ expression }) => expression ?? '');
  const messages = validations.map(({ messageExpression }) => messageExpression ?? '');
  const length = [...texts, ...messages].reduce((sum, text) => sum + text.length, 0);
  if (kinds.length === 0 || length > longestPolicy) return [];
  const params = paramKind && paramDefinition(definitions, paramKind)?.schema;
  const checkers = kinds.map((kind) => checker(kind, params, variables));
  const check = (expression: string, fieldRef: string): V1ExpressionWarning[] => {
    const found = checkers.flatMap((problem) => problem(expression) ?? []);
    return found.length > 0 ? [{ fieldRef, warning: found.join('\n') }] : [];
  };
  return validations.flatMap(({ expression, messageExpression }, index) => [
    ...check(expression, `spec.validations[${index}].expression`),
    ...(messageExpression ? check(messageExpression, `spec.validations[${index}].messageExpression`) : []),
  ]);
}

/** undefined: nothing is wrong with an expression about the kind. */
function checker(
  kind: ResourceDefinition,
  params: Schema | undefined,
  variables: NonNullable<V1ValidatingAdmissionPolicySpec['variables']>,
): (expression: string) => string | undefined {
  const { compileCel, admissionEnvironment } = expressions();
  const types = new Map<string, Type>();
  const declares = { params: params !== undefined, schemas: { object: kind.schema, params } };
  for (const { name, expression } of variables) {
    const compiled = compileCel(expression, admissionEnvironment('policy', { ...declares, variables: types }));
    types.set(name, compiled.ok ? compiled.value.program.type : dyn);
  }
  const environment = admissionEnvironment('policy', { ...declares, variables: types });
  const { group, version } = kind;
  const named = `${group ? `${group}/${version}` : `/${version}`}, Kind=${kind.kind}`;
  return (expression) => {
    const compiled = compileCel(expression, environment);
    return compiled.ok ? undefined : `${named}: ${compiled.error.message}\n`;
  };
}

/** Those that the rules name, in order of group, version and kind; a rule with a wildcard names none. */
function kindsOf(
  { matchConstraints }: V1ValidatingAdmissionPolicySpec,
  definitions: Definitions,
): ResourceDefinition[] {
  const found = new Map<string, ResourceDefinition>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of matchConstraints?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions].some((each) => each.includes('*'))) continue;
    const plain = resources.filter((each) => !/[*/]/.test(each)).sort();
    let count = 0;
    for (const group of [...apiGroups].sort())
      for (const version of [...apiVersions].sort())
        for (const resource of plain) {
          const kind = count < mostKinds ? definitions.find(group, version, resource) : undefined;
          if (!kind) continue;
          found.set(`${group}\n${version}\n${kind.kind}`, kind);
          count += 1;
        }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, mostKinds)
    .map(([, kind]) => kind);
}
