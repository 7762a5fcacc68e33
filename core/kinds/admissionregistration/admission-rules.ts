// What webhook configurations and admission policies say alike: which requests they are about, in rules, selectors and conditions.

import type { V1NamedRuleWithOperations } from '../../../generated/kubernetes.ts';
import { expressions } from '../../cel/expressions.ts';
import type { AdmissionPlace, Declares } from '../../cel/kubernetes/admission.ts';
import type { Type } from '../../cel/types/types.ts';
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../machinery/field-error.ts';
import { type LabelSelectorJson, validateLabelSelector } from '../../machinery/labels.ts';
import { pathSegmentName, qualifiedNameErrors } from '../../machinery/names.ts';
import { seenBefore } from '../../machinery/seen-before.ts';

export function defaultRules(rules: V1NamedRuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

export function validateSelectors(
  of: { namespaceSelector?: object; objectSelector?: object },
  at: string,
): FieldError[] {
  return [
    ...validateLabelSelector(of.namespaceSelector as LabelSelectorJson, `${at}.namespaceSelector`), // of that structure
    ...validateLabelSelector(of.objectSelector as LabelSelectorJson, `${at}.objectSelector`),
  ];
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

export function validateRules(rules: readonly V1NamedRuleWithOperations[], at: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, rule] of rules.entries()) {
    const path = `${at}[${index}]`;
    const again = seenBefore();
    rule.resourceNames?.forEach((name, place) => {
      const field = `${path}.resourceNames[${place}]`;
      for (const message of pathSegmentName(name)) errors.push(invalidValue(field, name, message));
      if (again(name)) errors.push(duplicate(field, name));
    });
    for (const field of ['operations', 'apiGroups', 'apiVersions', 'resources'] as const) {
      const values = rule[field] ?? [];
      if (values.length === 0) errors.push(required(`${path}.${field}`));
      if (field !== 'resources' && values.length > 1 && values.includes('*'))
        errors.push(
          invalidValue(
            `${path}.${field}`,
            values,
            `if '*' is present, must not specify other ${field === 'apiGroups' ? 'API groups' : field === 'apiVersions' ? 'API versions' : 'operations'}`,
          ),
        );
    }
    for (const [place, each] of (rule.operations ?? []).entries())
      if (!operations.includes(each)) errors.push(notSupported(`${path}.operations[${place}]`, each, operations));
    for (const [place, each] of (rule.apiVersions ?? []).entries())
      if (!each) errors.push(required(`${path}.apiVersions[${place}]`));
    errors.push(...validateResources(rule.resources ?? [], `${path}.resources`));
  }
  return errors;
}

/** A wildcard stands for what it holds: nothing of that is named beside it. */
function validateResources(resources: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const anySubresourceOf = new Set<string>();
  const ofAnyResource = new Set<string>();
  for (const [index, each] of resources.entries()) {
    const at = `${path}[${index}]`;
    const slash = each.indexOf('/');
    if (!each) errors.push(required(at));
    if (!each || slash < 0) continue;
    const resource = each.slice(0, slash);
    const subresource = each.slice(slash + 1);
    if (anySubresourceOf.has(resource))
      errors.push(invalidValue(at, each, `if '${resource}/*' is present, must not specify ${each}`));
    if (ofAnyResource.has(subresource))
      errors.push(invalidValue(at, each, `if '*/${subresource}' is present, must not specify ${each}`));
    if (subresource === '*') anySubresourceOf.add(resource);
    if (resource === '*') ofAnyResource.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalidValue(path, resources, "if '*/*' is present, must not specify other resources"));
  // As Kubernetes does, only the last of them is looked at.
  const whole = resources.filter((each) => each !== '' && !each.includes('/'));
  if (whole.includes('*') && whole.at(-1) !== '*')
    errors.push(
      invalidValue(path, resources, "if '*' is present, must not specify other resources without subresources"),
    );
  return errors;
}

const mostConditions = 64;

export function validateConditions(
  conditions: readonly { name: string; expression: string }[] | undefined,
  at: string,
  place: ExpressionPlace,
): FieldError[] {
  const count = conditions?.length ?? 0;
  // What there is too much of is not compiled.
  if (count > mostConditions) return [tooMany(at, count, mostConditions)];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, { name, expression }] of (conditions ?? []).entries()) {
    const path = `${at}[${index}]`;
    if (expression?.trim()) errors.push(...checkExpression(expression, `${path}.expression`, ['bool'], place));
    else errors.push(required(`${path}.expression`));
    if (!name) errors.push(required(`${path}.name`));
    else for (const message of qualifiedNameErrors(name)) errors.push(invalidValue(`${path}.name`, name, message));
    if (name && names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
  }
  return errors;
}

/** Where an expression stands, and what of its policy it may read. */
export interface ExpressionPlace extends Declares {
  readonly place: AdmissionPlace;
}

/** `types`: what it may evaluate to. */
export function checkExpression(
  expression: string | undefined,
  path: string,
  types: readonly string[],
  place: ExpressionPlace,
): FieldError[] {
  return checkedExpression(expression, path, types, place).errors;
}

/** As `checkExpression`, with the type that it has; without `types` it may be any. */
export function checkedExpression(
  expression: string | undefined,
  path: string,
  types: readonly string[] | undefined,
  { place, ...declares }: ExpressionPlace,
): { readonly errors: FieldError[]; readonly type?: Type } {
  if (!expression?.trim()) return { errors: [required(path, 'expression is not specified')] };
  const { compileCel, admissionEnvironment } = expressions();
  const compiled = compileCel(expression, admissionEnvironment(place, declares));
  if (!compiled.ok)
    return { errors: [invalidValue(path, expression, `compilation failed: ${compiled.error.message}`)] };
  const { type, program } = compiled.value;
  if (!types || types.includes(type)) return { errors: [], type: program.type };
  const wanted = types.length === 1 ? types[0] : `one of [${types.join(' ')}]`;
  return { errors: [invalidValue(path, expression, `must evaluate to ${wanted} but got ${type}`)], type: program.type };
}
