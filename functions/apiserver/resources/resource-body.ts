// The object or patch that a request carries, checked against its path.

import type { ResourceDefinition } from '../../../core/api/definition.ts';
import { deepClone } from '../../../core/machinery/equality.ts';
import { type Decoded, duplicateFieldMessage } from '../../../core/machinery/json.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import type { Schema } from '../../../core/machinery/schema.ts';
import { badRequest, type StatusError } from '../../../core/machinery/status.ts';
import { largeBytes, yieldToEventLoop } from '../../../core/machinery/steps.ts';
import { isRecord } from '../../../core/machinery/structure/field-at.ts';
import { prune } from '../../../core/machinery/structure/prune.ts';
import { wholeFloatError } from '../../../core/machinery/structure/whole-floats.ts';
import type { PatchType, RequestContext, WriteOptions } from '../../../core/registry/registry.ts';
import { apiVersionOf } from '../../../core/registry/target.ts';
import { cannotHandle } from '../../../core/registry/write/prune-default-validate.ts';
import { contentType, decodeBody, takeBody, unsupportedMediaType } from '../content/body.ts';
import type { RoutedRequest } from '../http.ts';
import { inOrder } from './strict-order.ts';
import { demandKnown, demandObject, unreadableObject, unreadablePatchText, wrongPatch } from './unreadable-body.ts';

/** What kind of object a path takes: the resource's own, or a subresource's. */
export interface BodyKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Older versions that are read as this one. */
  readonly older?: readonly string[];
  /** Of a custom resource's own objects: any kind is read, and judged then. */
  readonly custom: boolean;
  /** Of a built-in kind's objects, and of patches of them; a subresource of another kind has none here. */
  readonly definition?: ResourceDefinition;
  /** Of the resource's own objects, custom ones too; a function, since a type's schema is made when it is first looked at. */
  readonly schemaOf?: () => Schema;
}

export function bodyKind(definition: ResourceDefinition, subresource: string): BodyKind {
  const found = subresource === '' ? undefined : definition.subresources.find((each) => each.name === subresource);
  return {
    group: found?.group ?? definition.group,
    version: found?.version ?? definition.version,
    kind: found?.kind ?? definition.kind,
    // Clients that were written for 1.21 evict with it, and all that it has is the same.
    ...(found?.kind === 'Eviction' && { older: ['policy/v1beta1'] }),
    custom: found?.kind === undefined && definition.customResource !== undefined,
    ...(found?.kind === undefined && definition.customResource === undefined && { definition }),
    ...(found?.kind === undefined && { schemaOf: () => definition.schema }),
  };
}

export async function readObject(
  request: RoutedRequest,
  context: RequestContext,
  kind: BodyKind,
  validation: WriteOptions['fieldValidation'],
): Promise<KubeObject> {
  const type = contentType(request);
  const { decoded, bytes } = await decodedBody(request, context, type, (error, read) =>
    unreadableObject(error, read, kind),
  );
  const object = asObject(decoded.value, bytes, kind);
  reportDuplicates(decoded, context, validation, (duplicates) => {
    const unknown = unknownFields(decoded.value, kind);
    // A built-in kind is read in one go; of YAML, which becomes JSON first, and of custom resources, duplicates are seen before.
    const all =
      kind.definition && !decoded.duplicateLines
        ? inOrder(new TextDecoder().decode(bytes), duplicates, unknown)
        : [...duplicates, ...unknown];
    return badRequest(`${cannotHandle(kind)}: strict decoding error: ${all.join(', ')}`);
  });
  refuseFloats(decoded, kind);
  return object;
}

async function decodedBody(
  request: RoutedRequest,
  context: RequestContext,
  type: string,
  unreadable: (error: unknown, bytes: Uint8Array) => unknown,
): Promise<{ decoded: Decoded; bytes: Uint8Array }> {
  const bytes = await takeBody(request);
  if (bytes.length > largeBytes) context.large = true;
  let decoded: Decoded;
  try {
    decoded = await decodeBody(bytes, type);
  } catch (error) {
    throw unreadable(error, bytes);
  }
  if (context.large) await yieldToEventLoop();
  return { decoded, bytes };
}

function asObject(value: unknown, bytes: Uint8Array, kind: BodyKind): KubeObject {
  // An object that says nothing, to Go.
  const object: unknown = value === null && !kind.custom ? {} : value;
  demandObject(object, bytes, kind);
  if (kind.older && 'apiVersion' in object && kind.older.some((each) => each === object.apiVersion))
    object.apiVersion = apiVersionOf(kind);
  if (!kind.custom) demandKnown(object, bytes, kind);
  // as: an object by the check above; what it says is for the registry to check.
  return object as KubeObject;
}

const patchTypes: Record<string, PatchType> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
  'application/apply-patch+cbor': 'apply',
};

/** Throws UnsupportedMediaType, also for a strategic patch of a custom resource. */
export function patchTypeOf(request: RoutedRequest, definition: ResourceDefinition): PatchType {
  const type = contentType(request);
  const found = getOwn(patchTypes, type);
  const custom = definition.customResource !== undefined;
  if (found === undefined || (found === 'strategic' && custom)) {
    const accepted = Object.keys(patchTypes).filter((each) => !(custom && getOwn(patchTypes, each) === 'strategic'));
    throw unsupportedMediaType(accepted);
  }
  return found;
}

function encodingOf(type: PatchType, media: string): string {
  if (type !== 'apply') return 'application/json';
  return media === 'application/apply-patch+cbor' ? 'application/cbor' : 'application/yaml';
}

/** The parsed patch, and what is wrong with its text. An apply is YAML, of which JSON is a part, or CBOR. */
export async function readPatch(
  request: RoutedRequest,
  context: RequestContext,
  kind: BodyKind,
  type: PatchType,
  validation: WriteOptions['fieldValidation'],
): Promise<{ patch: unknown; faults?: readonly string[] }> {
  const encoding = encodingOf(type, contentType(request));
  const { decoded } = await decodedBody(request, context, encoding, (error) => unreadablePatchText(error, type));
  const faults = type === 'apply' || validation === 'Ignore' ? undefined : patchFaults(decoded, type);
  if (type === 'apply')
    reportDuplicates(decoded, context, validation, (duplicates) =>
      badRequest(
        decoded.duplicateLines
          ? `error strict decoding YAML: error converting YAML to JSON: ${duplicates.join(', ')}`
          : `error strict decoding YAML: ${duplicates.join(', ')}`,
      ),
    );
  // A JSON patch has its values elsewhere.
  if (type !== 'json') refuseFloats(decoded, kind);
  const isArray = Array.isArray(decoded.value);
  if (type === 'json' ? !isArray : isArray || typeof decoded.value !== 'object' || decoded.value === null)
    throw wrongPatch(decoded.value, type);
  return { patch: decoded.value, ...(faults && { faults }) };
}

const operationFields: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

/** Source: the patchers' UnmarshalStrict, of a JSON patch into its operations. */
function patchFaults({ duplicates, value }: Decoded, type: PatchType): readonly string[] | undefined {
  const found = duplicates.map(duplicateFieldMessage);
  if (type === 'json' && Array.isArray(value))
    for (const [index, operation] of value.entries())
      for (const name of isRecord(operation) ? Object.keys(operation) : [])
        if (!operationFields.has(name) && found.length < maxReported) found.push(`unknown field "[${index}].${name}"`);
  if (found.length === 0) return undefined;
  return type === 'json' ? found.map((each) => `json patch ${each}`) : found;
}

/** As many as Kubernetes' decoder reports. */
const maxReported = 100;

function refuseFloats({ floats }: Decoded, { definition, kind, version }: BodyKind): void {
  const error = floats && definition && wholeFloatError(definition.schema, floats);
  if (error !== undefined) throw badRequest(`${cannotHandle({ kind, version })}: ${error}`);
}

function reportDuplicates(
  { duplicates, duplicateLines }: Decoded,
  context: RequestContext,
  validation: WriteOptions['fieldValidation'],
  refusal: (duplicates: readonly string[]) => StatusError,
): void {
  if (duplicates.length === 0 || validation === 'Ignore') return;
  const texts = duplicates.map(duplicateFieldMessage);
  if (validation !== 'Strict') context.warnings.push(...(duplicateLines ?? texts));
  else throw refusal(duplicateLines ? [['yaml: unmarshal errors:', ...duplicateLines].join('\n  ')] : texts);
}

/** So that one message names every fault. */
function unknownFields(value: unknown, { schemaOf }: BodyKind): readonly string[] {
  return schemaOf ? prune(schemaOf(), deepClone(value)) : [];
}
