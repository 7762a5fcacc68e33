// What is wrong with a custom resource as it is to be stored. Loaded with the first: many processes never write one.

import type { ResourceDefinition } from '../../api/definition.ts';
import { rulesNotChecked, validateRules } from '../../cel/rules/validate-rules.ts';
import { validateEmbedded } from '../../kinds/metadata/embedded.ts';
import { type FieldError, invalidValue } from '../../machinery/field-error.ts';
import { isInteger } from '../../machinery/json.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { yieldToEventLoop } from '../../machinery/steps.ts';
import { fieldAt } from '../../machinery/structure/field-at.ts';
import { ratchet } from '../../machinery/structure/ratchet.ts';
import { validateStructure } from '../../machinery/structure/validate-structure.ts';
import type { RequestContext } from '../registry.ts';

/** What of a definition says it. */
type CustomDefinition = Pick<ResourceDefinition, 'schema' | 'scale'>;

/** Structure, now that admission had its say, and rules. */
export async function customErrors(
  context: Pick<RequestContext, 'large'>,
  definition: CustomDefinition,
  object: KubeObject,
  old: KubeObject | undefined,
): Promise<FieldError[]> {
  const { schema } = definition;
  const errors = customStructureErrors(definition, object, old);
  if (context.large) await yieldToEventLoop();
  const notRun = rulesNotChecked(schema, errors);
  return [...errors, ...(notRun.length > 0 ? notRun : validateRules(schema, object, old))];
}

function customStructureErrors(
  definition: CustomDefinition,
  object: KubeObject,
  old: KubeObject | undefined,
): FieldError[] {
  const { schema, scale } = definition;
  const found = validateStructure(schema, object);
  const errors = old ? ratchet(found, schema, object, old) : found;
  // Of what is malformed it is enough to say so.
  const embedded = found.some(({ type }) => type === 'FieldValueTypeInvalid') ? [] : validateEmbedded(schema, object);
  const scaled = scale ? validateScaled(scale, object) : [];
  if (embedded.length === 0 && scaled.length === 0) return errors;
  const repeated = ({ type }: FieldError) => type === 'FieldValueDuplicate';
  return [...errors.filter((each) => !repeated(each)), ...scaled, ...embedded, ...errors.filter(repeated)];
}

type CustomScale = NonNullable<ResourceDefinition['scale']>;

/** What the scale of a custom resource is read from and written to. */
function validateScaled(scale: CustomScale, object: KubeObject): FieldError[] {
  return [
    ...validateReplicas(object, scale.specReplicasPath),
    ...validateReplicas(object, scale.statusReplicasPath),
    ...(scale.labelSelectorPath ? validateSelector(object, scale.labelSelectorPath) : []),
  ];
}

const mostReplicas = 2 ** 31 - 1;

function validateReplicas(object: KubeObject, names: readonly string[]): FieldError[] {
  const value = fieldAt(object, names);
  const at = `.${names.join('.')}`;
  if (value === undefined) return [];
  if (!isInteger(value)) return [invalidValue(at, 0, notOf(at, value, 'int64'))];
  if (value < 0) return [invalidValue(at, value, 'should be a non-negative integer')];
  return value > mostReplicas ? [invalidValue(at, value, `should be less than or equal to ${mostReplicas}`)] : [];
}

function validateSelector(object: KubeObject, names: readonly string[]): FieldError[] {
  const value = fieldAt(object, names);
  const at = `.${names.join('.')}`;
  return value === undefined || typeof value === 'string' ? [] : [invalidValue(at, '', notOf(at, value, 'string'))];
}

function notOf(at: string, value: unknown, wanted: string): string {
  return `${at} accessor error: ${goText(value)} is of the type ${goTypeOf(value)}, expected ${wanted}`;
}

function goTypeOf(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'boolean') return 'bool';
  return isInteger(value) ? 'int64' : typeof value === 'number' ? 'float64' : 'string';
}

/** As Go writes a value that it knows nothing of. */
function goText(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([name, each]) => `${name}:${goText(each)}`).join(' ')}]`;
}
