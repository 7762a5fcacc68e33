// A body under the schema of its kind: unknown fields are reported or refused, defaults filled in, types checked.

import type { ResourceDefinition } from '../../api/definition.ts';
import { type FieldError, invalid } from '../../machinery/field-error.ts';
import { late } from '../../machinery/late.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest, type StatusError } from '../../machinery/status.ts';
import { yieldToEventLoop } from '../../machinery/steps.ts';
import { applyDefaults } from '../../machinery/structure/apply-defaults.ts';
import { prune } from '../../machinery/structure/prune.ts';
import { validateStructure } from '../../machinery/structure/validate-structure.ts';
import type { RequestContext, WriteOptions } from '../registry.ts';

type CustomErrors = typeof import('./custom-errors.ts').customErrors;

/** What of a definition decides what a body may hold. */
export type KindSchema = Pick<ResourceDefinition, 'group' | 'version' | 'kind' | 'schema' | 'customResource'>;

/**
 * Changes `object` in place. Fails with BadRequest for what cannot
 * be decoded, Invalid for values that the schema forbids; returns errors that are reported together with what the kind's own rules find.
 */
export function pruneDefaultValidate(
  context: RequestContext,
  definition: KindSchema,
  object: KubeObject,
  options: WriteOptions,
  unreadable = (why: string, _: KubeObject) => badRequest(`${cannotHandle(definition)}: ${why}`),
): FieldError[] | Promise<FieldError[]> {
  const unknown = prune(definition.schema, object);
  const faults = options.patchFaults ? [...options.patchFaults, ...unknown] : unknown;
  if (faults.length > 0) reportUnknown(context, faults, options, (why) => unreadable(why, object));
  if (!context.large) {
    applyDefaults(definition.schema, object);
    return refuseOrReport(definition, object, decodingErrors(definition, object), unreadable);
  }
  return (async () => {
    await yieldToEventLoop();
    applyDefaults(definition.schema, object);
    await yieldToEventLoop();
    return refuseOrReport(definition, object, decodingErrors(definition, object), unreadable);
  })();
}

function refuseOrReport(
  definition: KindSchema,
  object: KubeObject,
  errors: FieldError[],
  unreadable: (why: string, object: KubeObject) => StatusError,
): FieldError[] {
  // A value outside its enum is well-formed: the kind's own rules can judge the rest of the object.
  const known = errors.every(({ type }) => type === 'FieldValueNotSupported');
  if (known && !definition.customResource) return errors;
  if (errors.length === 0) return [];
  const wrongType = errors.find(({ type }) => type === 'FieldValueTypeInvalid');
  if (wrongType) throw unreadable(wrongType.message, object);
  throw invalid(definition.kind, definition.group, object.metadata.name ?? '', errors);
}

/**
 * What of `found` concerns fields that no other error names already, be it under another root, as taints of nodes stand in errors. In time
 * in proportion to both: a body may have ten thousand things wrong.
 */
export function onOtherFields(found: readonly FieldError[], reported: readonly FieldError[]): FieldError[] {
  if (found.length === 0 || reported.length === 0) return [...found];
  const fields = new Set(reported.map(({ field }) => field));
  const kinds = new Set(reported.map(({ type, field }) => `${type} ${belowRoot(field)}`));
  return found.filter(
    ({ type, field }) =>
      !fields.has(field) &&
      !fields.has(withoutPlaces(field)) &&
      !kinds.has(`${type} ${belowRoot(field)}`) &&
      !isBelow(field, fields),
  );
}

/** No field of Kubernetes' own types lies deeper: what has more dots has them in a key of somebody's. */
const deepest = 64;

function isBelow(field: string, fields: ReadonlySet<string>): boolean {
  let dot = field.indexOf('.');
  for (let depth = 0; dot > 0 && depth < deepest; depth += 1) {
    if (fields.has(field.slice(0, dot))) return true;
    dot = field.indexOf('.', dot + 1);
  }
  return false;
}

/** As some kinds tell of the items of a list: without saying which. */
function withoutPlaces(field: string): string {
  return field.replace(/\[[0-9]+\]/g, '');
}

function belowRoot(field: string): string {
  return field.slice(field.indexOf('.') + 1);
}

const custom = late(() => import('./custom-errors.ts'));

/** The errors of a custom resource as it is to be stored. */
export async function customErrors(...given: Parameters<CustomErrors>): Promise<FieldError[]> {
  return custom((loaded) => loaded.customErrors(...given));
}

/** Of a custom resource only its metadata is decoded: mutating admission may add what its schema asks for. */
function decodingErrors({ schema, customResource }: KindSchema, object: KubeObject): FieldError[] {
  if (customResource === undefined) return validateStructure(schema, object);
  const { metadata } = schema.properties ?? {};
  const errors = metadata ? validateStructure({ properties: { metadata } }, { metadata: object.metadata }) : [];
  // It is decoded alone.
  const named = (message: string) => message.replace('ObjectMeta.metadata.', 'ObjectMeta.');
  return errors
    .filter(({ type }) => type === 'FieldValueTypeInvalid')
    .map((each) => ({ ...each, message: named(each.message) }));
}

function reportUnknown(
  context: RequestContext,
  faults: readonly string[],
  options: WriteOptions,
  unreadable: (why: string) => StatusError,
): void {
  if (options.fieldValidation === 'Strict')
    throw unreadable(`strict decoding error: ${[...new Set(faults)].join(', ')}`);
  if (options.fieldValidation !== 'Ignore') context.warnings.push(...faults);
}

/** How Kubernetes begins to say what it could not decode. */
export function cannotHandle({ kind, version }: Pick<KindSchema, 'kind' | 'version'>): string {
  return `${kind} in version "${version}" cannot be handled as a ${kind}`;
}
