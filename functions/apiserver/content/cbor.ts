// CBOR answers at the edge: the encoder is loaded for the first client that asks for them.

import type { Steps } from '../../../core/machinery/steps.ts';

type Encoder = typeof import('../../../core/api/cbor/encode-cbor.ts');

let encoder: Encoder | undefined;

/** To be awaited before anything is answered in CBOR. */
export async function loadCbor(): Promise<void> {
  encoder ??= await import('../../../core/api/cbor/encode-cbor.ts');
}

export function toCbor(value: unknown): Uint8Array {
  return loaded().encodeCbor(value);
}

/** As `toCbor`, in steps. */
export function toCborInSteps(value: unknown): Steps<Uint8Array> {
  return loaded().encodingCbor(value);
}

/** One event of a watch. */
export function toCborEvent(type: string, object: unknown): Uint8Array {
  return loaded().encodeCborEvent(type, object);
}

/** As `toCborEvent`, in steps. */
export function toCborEventInSteps(type: string, object: unknown): Steps<Uint8Array> {
  return loaded().encodingCborEvent(type, object);
}

function loaded(): Encoder {
  if (!encoder) throw new Error('a CBOR answer was begun before the encoder was loaded');
  return encoder;
}
