// Kubernetes' protobuf encoding at the edge: its tables are loaded for the first client that speaks it.

import { StatusError } from '../../../core/machinery/status.ts';
import type { Steps } from '../../../core/machinery/steps.ts';
import { type MediaTypeOptions, mediaTypes } from './negotiate.ts';

type Encoder = typeof import('../../../core/api/protobuf/encode-protobuf.ts');

let encoder: Encoder | undefined;

/** To be awaited before anything is answered in protobuf. */
export async function loadProtobuf(): Promise<void> {
  encoder ??= await import('../../../core/api/protobuf/encode-protobuf.ts');
}

/** The value as a body, or undefined where its kind has no protobuf form. */
export function toProtobuf(value: unknown): Uint8Array | undefined {
  const { hasProtobuf, encodeProtobuf } = loaded();
  const { apiVersion, kind } = typeOf(value);
  return hasProtobuf(apiVersion, kind) ? encodeProtobuf(value as object) : undefined;
}

/** As `toProtobuf`, in steps. */
export function toProtobufInSteps(value: unknown): Steps<Uint8Array> | undefined {
  const { hasProtobuf, encodingProtobuf } = loaded();
  const { apiVersion, kind } = typeOf(value);
  return hasProtobuf(apiVersion, kind) ? encodingProtobuf(value as object) : undefined;
}

/** One event of a watch of a kind that has a protobuf form. */
export function toProtobufEvent(type: string, object: unknown): Uint8Array {
  return loaded().encodeWatchEvent(type, object as object);
}

/** The next form that a client accepts where there is no protobuf. Throws NotAcceptable. */
export function withoutProtobuf({ fallback }: MediaTypeOptions): MediaTypeOptions {
  if (fallback) return fallback;
  throw new StatusError(
    'NotAcceptable',
    `only the following media types are accepted: ${mediaTypes.json}, ${mediaTypes.yaml}, ${mediaTypes.cbor}`,
  );
}

function loaded(): Encoder {
  if (!encoder) throw new Error('a protobuf answer was begun before the encoder was loaded');
  return encoder;
}

function typeOf(value: unknown): { apiVersion: string; kind: string } {
  if (typeof value !== 'object' || value === null) return { apiVersion: '', kind: '' };
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown };
  return { apiVersion: String(apiVersion ?? ''), kind: String(kind ?? '') };
}
