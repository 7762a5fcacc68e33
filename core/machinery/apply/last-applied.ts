// From `kubectl apply` to `kubectl apply --server-side`, and back: what the annotation of the former says was applied is kubectl's to change, and
// the annotation follows what is applied later. Only for the manager `kubectl`: another name opts out. Source: KEP-555 ("Upgrade").

import { parseJson } from '../json.ts';
import type { Json, KubeObject } from '../object.ts';
import type { Schema } from '../schema.ts';
import { isRecord } from '../structure/field-at.ts';
import { pruneApplied } from '../structure/prune.ts';
import { compare, fieldsOf } from './compare.ts';
import { difference, emptySet, type FieldSet } from './field-set.ts';
import { canonicalJson } from './fields-v1.ts';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const kubectl = 'kubectl';

/** Of all annotations of an object together, in bytes. */
const maxAnnotations = 256 * 1024;

/** The fields that `manager` may take over without force: applied client-side before, and still as they were applied. */
export function allowedByLastApplied(schema: Schema, live: KubeObject, manager: string, apiVersion: string): FieldSet {
  if (manager !== kubectl) return emptySet;
  const applied = configurationIn(live);
  // Said in another version, its fields may have other names.
  if (!applied || applied.apiVersion !== apiVersion) return emptySet;
  pruneApplied(schema, applied);
  const { added, modified, removed } = compare(schema, applied, live);
  return [modified, added, removed].reduce(difference, fieldsOf(schema, applied));
}

/** `object` with the annotation as of `applied`, where it has one. */
export function withLastApplied(object: KubeObject, applied: KubeObject, manager: string): KubeObject {
  const annotations = object.metadata.annotations;
  if (manager !== kubectl || !annotations?.[annotation]) return object;
  const { managedFields: _, annotations: own, ...metadata } = applied.metadata;
  const { [annotation]: _own, ...others } = own ?? {};
  const configuration = { ...applied, metadata: { ...metadata, ...(own && { annotations: others }) } };
  // as: what a client sent is JSON.
  const text = `${canonicalJson(configuration as unknown as Json)}\n`;
  const next = { ...annotations, [annotation]: text };
  const size = Object.entries(next).reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0);
  if (size > maxAnnotations) next[annotation] = '';
  return { ...object, metadata: { ...object.metadata, annotations: next } };
}

/** What a client wrote there is read as what anybody may have written. */
function configurationIn({ metadata }: KubeObject): KubeObject | undefined {
  const text = metadata.annotations?.[annotation];
  if (!text) return undefined;
  let read: unknown;
  try {
    read = parseJson(text);
  } catch {
    return undefined;
  }
  if (!isRecord(read) || !isRecord(read['metadata'])) return undefined;
  // as: with metadata, all else is looked at by its schema.
  return read as KubeObject;
}
