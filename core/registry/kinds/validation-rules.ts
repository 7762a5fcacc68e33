// The rules of a custom resource's schema (`x-kubernetes-validations`), checked when they are written down: they compile,
// they name fields that exist, transition rules stand where an old value can be found, and their cost has a bound.
// Source: KEP-2876.

import type { V1JSONSchemaProps, V1ValidationRule } from '../../../generated/kubernetes.ts';
import { structuralSchema } from '../../api/custom-schema.ts';
import type { Schema, ValidationRule } from '../../api/schema.ts';
import { type CelError, checkCelTypes, compileCel } from '../../machinery/cel.ts';
import { celTypesOf } from '../../machinery/cel-schema.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { ruleVariables } from '../../machinery/structure/validate-rules.ts';

export interface RulePlace {
  /** Whether an old value of this part can be told. */
  readonly correlatable: boolean;
  /** How many parts of an object the schema may hold for. */
  readonly cardinality: number;
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
/** Steps that one rule may take on the largest object that its schema allows. */
const costLimit = 1e9;
const unboundedLoop = 1e6;

export function checkRules(schema: V1JSONSchemaProps, path: string, place: RulePlace, errors: FieldError[]): void {
  const rules = schema['x-kubernetes-validations'];
  if (!rules?.length) return;
  if (!schema.type && !schema['x-kubernetes-int-or-string']) {
    errors.push(forbiddenField(`${path}.x-kubernetes-validations`, 'must have a type to be validated by rules'));
    return;
  }
  // A copy in which nothing is a resource: a rule reads of metadata only what it says here.
  const { type, types } = celTypesOf(typed(schema));
  for (const [index, rule] of rules.entries()) {
    checkRule(rule, `${path}.x-kubernetes-validations[${index}]`, { type, types }, schema, place, errors);
  }
}

function typed(schema: V1JSONSchemaProps): Schema {
  const { metadata, apiVersion, kind } = structuralSchema(schema, { preserveUnknownFields: false }).properties ?? {};
  const own = structuralSchema(schema, { preserveUnknownFields: false });
  const text: Schema = { type: 'string' };
  const named: Schema = { type: 'object', properties: { name: text, generateName: text } };
  if (schema.type !== 'object') return { ...(schema as Schema) }; // keywords are named and typed alike
  const properties = { ...own.properties };
  if (metadata) properties['metadata'] = named;
  if (apiVersion) properties['apiVersion'] = text;
  if (kind) properties['kind'] = text;
  const hasFields = schema.properties !== undefined || schema.additionalProperties === undefined;
  return hasFields ? { ...own, properties } : (schema as Schema); // as above
}

function checkRule(
  rule: V1ValidationRule,
  path: string,
  { type, types }: ReturnType<typeof celTypesOf>,
  schema: V1JSONSchemaProps,
  place: RulePlace,
  errors: FieldError[],
): void {
  if (!rule.rule?.trim()) {
    errors.push(required(`${path}.rule`, 'rule is not specified'));
    return;
  }
  const variables = ruleVariables(rule as ValidationRule); // the same fields
  const oldType = rule.optionalOldSelf ? `optional<${type}>` : type;
  const check = (expression: string, field: string, wanted: string) => {
    const compiled = compileCel(expression, variables);
    const wrong = compiled.ok ? checkCelTypes(expression, { self: type, oldSelf: oldType }, types) : compiled.error;
    if (wrong)
      errors.push(invalidValue(field, expression, `compilation failed: ${compilationText(expression, wrong)}`));
    else if (compiled.ok && compiled.value.type !== wanted && compiled.value.type !== 'dyn')
      errors.push(invalidValue(field, expression, `must evaluate to a ${wanted}`));
    return compiled.ok ? compiled.value : undefined;
  };
  const program = check(rule.rule, `${path}.rule`, 'bool');
  if (program) {
    const reads = program.names.has('oldSelf');
    if (reads && !place.correlatable)
      errors.push(
        invalidValue(`${path}.rule`, rule.rule, 'oldSelf cannot be used on the uncorrelatable portion of the schema'),
      );
    if (rule.optionalOldSelf && !reads)
      errors.push(invalidValue(`${path}.optionalOldSelf`, true, 'may not be set if oldSelf is not used in rule'));
    const size = Math.min(schema.maxItems ?? schema.maxProperties ?? unboundedLoop, unboundedLoop);
    const cost = place.cardinality * size ** Math.min(program.loops, 3);
    if (program.loops > 0 && cost > costLimit) {
      const factor = cost / costLimit;
      errors.push(
        forbiddenField(
          `${path}.rule`,
          `estimated rule cost exceeds budget by factor of ${factor > 100 ? 'more than 100x' : `${factor.toFixed(1)}x`} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
        ),
      );
    }
  }
  if (rule.messageExpression) check(rule.messageExpression, `${path}.messageExpression`, 'string');
  if (rule.message !== undefined && rule.message.trim() === '' && rule.message !== '')
    errors.push(invalidValue(`${path}.message`, rule.message, 'message must be non-empty if specified'));
  if (rule.message?.trim().includes('\n'))
    errors.push(invalidValue(`${path}.message`, rule.message, 'message must not contain line breaks'));
  if (!rule.message && rule.rule.trim().includes('\n'))
    errors.push(required(`${path}.message`, 'message must be specified if rule contains line breaks'));
  if (rule.reason && !reasons.includes(rule.reason)) errors.push(notSupported(`${path}.reason`, rule.reason, reasons));
  if (rule.fieldPath !== undefined && !namesField(schema, rule.fieldPath))
    errors.push(invalidValue(`${path}.fieldPath`, rule.fieldPath, 'fieldPath must be a valid path'));
}

function compilationText(expression: string, { message, start = 0 }: CelError): string {
  const before = expression.slice(0, start).split('\n');
  return `ERROR: <input>:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${message}`;
}

/** Whether a path of `.name` and `['name']` steps goes down fields that the schema has. */
function namesField(schema: V1JSONSchemaProps, fieldPath: string): boolean {
  const steps = [...fieldPath.matchAll(/\.([A-Za-z_][A-Za-z0-9_-]*)|\['((?:[^'\\]|\\.)+)'\]/gy)];
  if (steps.length === 0 || steps.map(([text]) => text).join('') !== fieldPath) return false;
  let at: V1JSONSchemaProps | undefined = schema;
  for (const [, plain, quoted] of steps) {
    const name = plain ?? quoted ?? '';
    // A map's schema says what any of its keys holds.
    const next: V1JSONSchemaProps | undefined = at?.properties?.[name] ?? mapValues(at);
    if (!next) return false;
    at = next;
  }
  return true;
}

function mapValues(schema: V1JSONSchemaProps | undefined): V1JSONSchemaProps | undefined {
  const values: unknown = schema?.additionalProperties;
  // The model types it as any object; there it is a schema or a boolean.
  return typeof values === 'object' && values !== null ? (values as V1JSONSchemaProps) : undefined;
}
