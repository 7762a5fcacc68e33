// The rules of one definition's schemas, compiled and estimated: what takes longest when one is validated. Of a large one this is done
// before, in steps, and its validation finds them.

import type { V1JSONSchemaProps, V1ValidationRule } from '../../../../generated/kubernetes.ts';
import { expressions } from '../../../cel/expressions.ts';
import type { CelProgram, CelResult } from '../../../cel/kubernetes/programs.ts';
import type { RuleEnvironment } from '../../../cel/kubernetes/rules.ts';
import type { Schema } from '../../../machinery/schema.ts';
import type { Steps } from '../../../machinery/steps.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { patternProblem } from './pattern.ts';

export interface CompiledExpression {
  readonly compiled: CelResult<CelProgram>;
  /** Of one run at most; 0 where it does not compile. */
  readonly cost: number;
}

export interface CompiledRules {
  /** undefined: expressions see nothing of the schema. `root`: of a resource, the whole or one that is embedded. */
  environment(schema: V1JSONSchemaProps, root: boolean): RuleEnvironment | undefined;
  /** Both expressions of a rule, which stands in the schema of `own`. */
  rule(rule: V1ValidationRule, own: RuleEnvironment): readonly [CompiledExpression, CompiledExpression | undefined];
}

export function compiledRules(): CompiledRules {
  const environments = new Map<V1JSONSchemaProps, { readonly of: RuleEnvironment | undefined }>();
  const rules = new Map<V1ValidationRule, ReturnType<CompiledRules['rule']>>();
  return {
    environment(schema, root) {
      const known = environments.get(schema);
      if (known) return known.of;
      const of = expressions().ruleEnvironment(schema as Schema, 'selfType', root); // keywords are named and typed alike
      environments.set(schema, { of });
      return of;
    },
    rule(rule, own) {
      const known = rules.get(rule);
      if (known) return known;
      const message = rule.messageExpression ? compile(rule.messageExpression, rule, own) : undefined;
      const made = [compile(rule.rule, rule, own), message] as const;
      rules.set(rule, made);
      return made;
    },
  };
}

function compile(expression: string, rule: V1ValidationRule, own: RuleEnvironment): CompiledExpression {
  const compiled = expressions().compileCel(expression, own.environment(rule.optionalOldSelf === true));
  const variables = new Map([
    ['self', own.declared],
    ['oldSelf', own.declared],
  ]);
  return { compiled, cost: compiled.ok ? compiled.value.estimate(variables) : 0 };
}

/** Rules between two pauses: a few milliseconds. */
const atOnce = 20;

/** Of patterns, as above. */
const charactersAtOnce = 5_000;

/** Compiles all rules and patterns below a schema. */
export function* compileAhead(root: V1JSONSchemaProps, rules: CompiledRules): Steps<void> {
  const waiting: V1JSONSchemaProps[] = [root];
  let count = 0;
  let characters = 0;
  for (let schema = waiting.pop(); schema; schema = waiting.pop()) {
    const own = schema['x-kubernetes-validations']?.length
      ? rules.environment(schema, isRoot(schema, root))
      : undefined;
    for (const rule of (own && schema['x-kubernetes-validations']) ?? []) {
      if (own && rule.rule?.trim()) rules.rule(rule, own);
      count += 1;
      if (count % atOnce === 0) yield;
    }
    if (schema.pattern) {
      patternProblem(schema.pattern);
      characters += schema.pattern.length;
      if (characters > charactersAtOnce) {
        characters = 0;
        yield;
      }
    }
    const branches = [...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), schema.not];
    const parts = [schema.items, schema.additionalProperties, ...Object.values(schema.properties ?? {})];
    for (const each of [...parts, ...branches]) if (isRecord(each)) waiting.push(each as V1JSONSchemaProps); // of that structure
  }
}

function isRoot(schema: V1JSONSchemaProps, whole: V1JSONSchemaProps): boolean {
  return schema === whole || schema['x-kubernetes-embedded-resource'] === true;
}
