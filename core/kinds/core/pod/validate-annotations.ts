// Annotations of pods, and of templates of them, that mean something to Kubernetes.

import type { V1PodSpec } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue } from '../../../machinery/field-error.ts';
import { validateAppArmorAnnotation } from './app-armor.ts';
import { mirrorAnnotation } from './semantics/mirror.ts';

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

export function validatePodAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  spec: V1PodSpec | undefined,
  path: string,
): FieldError[] {
  if (!annotations) return [];
  return Object.entries(annotations).flatMap(([key, value]) => {
    const at = `${path}[${key}]`;
    if (key === mirrorAnnotation && !spec?.nodeName)
      return [invalidValue(at, value, 'must set spec.nodeName if mirror pod annotation is set')];
    if (key === deletionCost && !isInt32(value)) return [invalidValue(at, value, 'must be a 32bit integer')];
    return validateAppArmorAnnotation(key, value, spec, at);
  });
}

/** Without a plus and zeros before it. */
function isInt32(text: string): boolean {
  return /^(?:0|-\d+|[1-9]\d*)$/.test(text) && BigInt(text) === BigInt.asIntN(32, BigInt(text));
}
