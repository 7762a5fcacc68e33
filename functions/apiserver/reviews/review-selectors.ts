// The selectors of an access review: what is wrong with them, and what an authorizer gets of them.
// Source: authorization.k8s.io/v1 ResourceAttributes, KEP-4601. Operators of newer clients are no mistake: such a requirement is left out.

import type { AccessSelectors } from '../../../core/authorization/selectors.ts';
import { type FieldError, forbiddenField, invalidValue, required } from '../../../core/machinery/field-error.ts';
import { type FieldRequirement, parseFieldSelector } from '../../../core/machinery/fields.ts';
import { labelSelectorOf, parseLabelSelector, validateLabelExpression } from '../../../core/machinery/labels.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { V1ResourceAttributes } from '../../../generated/kubernetes.ts';

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

interface Selector {
  readonly rawSelector?: string;
  readonly requirements?: readonly Requirement[];
}

const operators: ReadonlySet<string> = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

export function validateSelectors({ fieldSelector, labelSelector }: V1ResourceAttributes): FieldError[] {
  const at = 'spec.resourceAttributes';
  return [
    ...validateSelector(fieldSelector, `${at}.fieldSelector`, validateFieldRequirement),
    ...validateSelector(labelSelector, `${at}.labelSelector`, (each, path) =>
      operators.has(each.operator) ? validateLabelExpression(each, path) : [],
    ),
  ];
}

export interface ReviewedSelectors {
  readonly selectors: AccessSelectors;
  /** What was left out, in the words of a review's `evaluationError`. */
  readonly leftOut: readonly string[];
}

export function selectorsOf({ fieldSelector, labelSelector }: V1ResourceAttributes): ReviewedSelectors {
  const fields = understand(fieldSelector, parseFieldSelector, fieldRequirement);
  const labels = understand(
    labelSelector,
    parseLabelSelector,
    (each) => labelSelectorOf({ matchExpressions: [each] })?.[0],
  );
  return {
    selectors: {
      ...(fields.known.length > 0 && { fieldSelector: fields.known }),
      ...(labels.known.length > 0 && { labelSelector: labels.known }),
    },
    leftOut: [...parseErrors('fieldSelector', fields), ...parseErrors('labelSelector', labels)],
  };
}

interface Understood<T> {
  readonly known: readonly T[];
  readonly complete: boolean;
}

function understand<T>(
  selector: Selector | undefined,
  parse: (text: string) => readonly T[],
  read: (requirement: Requirement) => T | undefined,
): Understood<T> {
  if (selector?.rawSelector) {
    try {
      return { known: parse(selector.rawSelector), complete: true };
    } catch (error) {
      if (error instanceof StatusError) return { known: [], complete: false };
      throw error;
    }
  }
  const all = selector?.requirements ?? [];
  const known = all.map(read).filter((each) => each !== undefined);
  return { known, complete: known.length === all.length };
}

function parseErrors(name: string, { known, complete }: Understood<unknown>): string[] {
  if (complete) return [];
  return [`spec.resourceAttributes.${name} ${known.length > 0 ? 'partially ' : ''}ignored due to parse error`];
}

/** Field selectors of requests know no more than these two. */
function fieldRequirement({ key, operator, values = [] }: Requirement): FieldRequirement | undefined {
  const [value] = values;
  if (value === undefined || values.length > 1) return undefined;
  if (operator === 'In') return { field: key, operator: '=', value };
  return operator === 'NotIn' ? { field: key, operator: '!=', value } : undefined;
}

function validateSelector(
  selector: Selector | undefined,
  path: string,
  validate: (requirement: Requirement, path: string) => FieldError[],
): FieldError[] {
  if (!selector) return [];
  const { rawSelector = '', requirements = [] } = selector;
  if (rawSelector !== '' && requirements.length > 0)
    return [invalidValue(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements')];
  if (rawSelector === '' && requirements.length === 0)
    return [required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`)];
  return requirements.flatMap((each, index) => validate(each, `${path}.requirements[${index}]`));
}

function validateFieldRequirement({ key, operator, values = [] }: Requirement, path: string): FieldError[] {
  const errors = key ? [] : [required(`${path}.key`, 'must be specified')];
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    errors.push(forbiddenField(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  return errors;
}
