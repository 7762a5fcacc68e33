// What is said of a body that is no object of the kind that its path takes, or no patch. Source: Kubernetes' JSON serializer (Decode), its
// SimpleMetaFactory (Interpret), transformDecodeError and summarizeData of its handlers, and its patchers.

import { jsonTypeOf, typeMetaFault } from '../../../core/machinery/go-text.ts';
import { badRequest, type StatusError } from '../../../core/machinery/status.ts';
import { whyUnreadable } from '../../../core/machinery/unreadable-text.ts';
import type { PatchType } from '../../../core/registry/registry.ts';
import { apiVersionOf } from '../../../core/registry/target.ts';
import { type Typed, whyForeign } from '../../../core/registry/write/foreign-kind.ts';

/** `error` in the words of Kubernetes, where it is one of the text; else the error itself. */
export function unreadableObject(error: unknown, bytes: Uint8Array, { kind }: Typed): unknown {
  const found = whyUnreadable(error);
  if (!found) return error;
  return unrecognized(found.format === 'JSON' ? noTypeMeta(found.why) : found.why, bytes, kind);
}

/** Throws BadRequest where a value is not read as an object of its kind at all. */
export function demandObject(value: unknown, bytes: Uint8Array, expected: Typed): asserts value is object {
  const { kind } = expected;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unrecognized(
      noTypeMeta(`json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type ${typeMeta}`),
      bytes,
      kind,
    );
  const fault = typeMetaFault(value);
  if (fault !== undefined) throw unrecognized(noTypeMeta(fault), bytes, kind);
}

/** Of a built-in kind's path: throws BadRequest where the body is of a kind that is not, or becomes none of the path's. */
export function demandKnown(
  { apiVersion, kind }: { readonly apiVersion?: string; readonly kind?: string },
  bytes: Uint8Array,
  expected: Typed,
): void {
  const of = apiVersion || apiVersionOf(expected);
  const found = kind || expected.kind;
  if (of === apiVersionOf(expected) && found === expected.kind) return;
  const parts = of.split('/');
  if (parts.length > 2) throw unrecognized(`unexpected GroupVersion string: ${of}`, bytes, expected.kind);
  const why = whyForeign(of, found, expected);
  const version = parts.at(-1) ?? '';
  if (why !== undefined)
    throw badRequest(`${found} in version "${version}" cannot be handled as a ${expected.kind}: ${why}`);
}

/** `error` as a patch of this type is refused, where it is one of the text; else the error itself. */
export function unreadablePatchText(error: unknown, type: PatchType): unknown {
  const found = whyUnreadable(error);
  if (!found) return error;
  if (type !== 'apply') return badRequest(`${patchPrefix(type)}${found.why}`);
  const why = found.format === 'YAML' ? `error converting YAML to JSON: ${found.why}` : found.why;
  return badRequest(`error decoding YAML: ${why}`);
}

/** What is said of a patch that is no object, or, as a JSON patch, no list. */
export function wrongPatch(value: unknown, type: PatchType): StatusError {
  // Nothing at all is read, and is no patch, or no object of a type.
  if (value === null) return badRequest(type === 'apply' ? 'invalid object type: /, Kind=' : 'Invalid JSON Patch');
  const goType = type === 'json' ? '[]handlers.jsonPatchOp' : 'map[string]interface {}';
  const prefix =
    type === 'apply' ? 'error decoding YAML: error unmarshaling JSON: while decoding JSON: ' : patchPrefix(type);
  return badRequest(`${prefix}json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type ${goType}`);
}

function patchPrefix(type: PatchType): string {
  return type === 'strategic' ? '' : 'error decoding patch: ';
}

function unrecognized(why: string, bytes: Uint8Array, kind: string): StatusError {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(bytes)})`);
}

function noTypeMeta(why: string): string {
  return `couldn't get version/kind; json parse error: ${why}`;
}

/** The type that Go reads the two fields into, as it writes it. */
const typeMeta =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

const summaryBytes = 30;

function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const begin = Buffer.from(bytes.subarray(0, summaryBytes));
  const text = begin.toString(bytes[0] === 0x7b ? 'utf8' : 'hex');
  return bytes.length > summaryBytes ? `${text} ...` : text;
}
