// The stored form of an object: JSON with the resource version at a known offset, so that the engine can insert it and the
// stored bytes can be served as they are.

import { withGoEscapes } from '../machinery/go-escapes.ts';
import { parseJson } from '../machinery/json.ts';
import { jsonText } from '../machinery/json-text.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { Steps } from '../machinery/steps.ts';
import type { Value } from './store.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes once. `kind`, `apiVersion` and `metadata.resourceVersion` come first: everything before the revision is ASCII of known length. */
export function encodeObject(object: KubeObject): Value {
  const { meta, rest } = partsOf(object);
  return joined(object, JSON.stringify(meta), JSON.stringify(rest));
}

/** As `encodeObject`, in steps. */
export function* encodingObject(object: KubeObject): Steps<Value> {
  const { meta, rest } = partsOf(object);
  const metaText = yield* jsonText(meta);
  return joined(object, metaText, yield* jsonText(rest));
}

function partsOf({ kind: _kind, apiVersion: _apiVersion, metadata, ...rest }: KubeObject) {
  const { resourceVersion: _, ...meta } = metadata;
  return { meta, rest };
}

/** Whose data `kubectl rollout undo` and controllers compare, as bytes, with what Go makes of a template. */
const comparedKind = 'ControllerRevision';

function joined({ kind, apiVersion }: KubeObject, metaText: string, restText: string): Value {
  const head = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":{"resourceVersion":"`;
  const metaTail = metaText === '{}' ? '"}' : `",${metaText.slice(1)}`;
  const restTail =
    restText === '{}' ? '}' : `,${kind === comparedKind ? withGoEscapes(restText).slice(1) : restText.slice(1)}`;
  return { bytes: encoder.encode(head + metaTail + restTail), revisionOffset: head.length };
}

/** The bytes of an object that already has its resource version (a converted or a dry-run one). */
export function encodeWhole(object: KubeObject): Uint8Array {
  const text = JSON.stringify(object);
  return encoder.encode(object.kind === comparedKind ? withGoEscapes(text) : text);
}

export function decodeObject(bytes: Uint8Array): KubeObject {
  // Only encodeObject writes these bytes.
  return parseJson(decoder.decode(bytes)) as KubeObject;
}
