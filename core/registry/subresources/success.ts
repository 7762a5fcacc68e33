// The answer of a subresource that has no object to show: a Status of success.

import type { KubeObject } from '../../machinery/object.ts';
import { encodeWhole } from '../../store/encode-object.ts';
import type { Outcome } from '../registry.ts';

export function success(): Outcome {
  const object: KubeObject = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  return { object, bytes: encodeWhole(object) };
}
