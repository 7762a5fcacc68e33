// The stored form of an object: JSON with the resource version at a known offset, so that the engine can insert it and the
// stored bytes can be served as they are.

import { parseJson } from '../machinery/json.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { Value } from './store.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes once. `kind`, `apiVersion` and `metadata.resourceVersion` come first: everything before the revision is ASCII of known length. */
export function encodeObject(object: KubeObject): Value {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _, ...meta } = metadata;
  const head = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":{"resourceVersion":"`;
  const metaText = JSON.stringify(meta);
  const restText = JSON.stringify(rest);
  const metaTail = metaText === '{}' ? '"}' : `",${metaText.slice(1)}`;
  const restTail = restText === '{}' ? '}' : `,${restText.slice(1)}`;
  return { bytes: encoder.encode(head + metaTail + restTail), revisionOffset: head.length };
}

/** The bytes of an object that already has its resource version (a converted or a dry-run one). */
export function encodeWhole(object: KubeObject): Uint8Array {
  return encoder.encode(JSON.stringify(object));
}

export function decodeObject(bytes: Uint8Array): KubeObject {
  // Only encodeObject writes these bytes.
  return parseJson(decoder.decode(bytes)) as KubeObject;
}
