// What of a claim may change: its size and its class of attributes once it is bound, and what is decided about it once.

import type { V1PersistentVolumeClaim, V1PersistentVolumeClaimSpec } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../machinery/field-error.ts';
import { compareQuantities, parseQuantity, quantityError } from '../../../machinery/quantity.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { classAnnotation } from '../../rules/claim-warnings.ts';

type Claim = V1PersistentVolumeClaim;
type Spec = V1PersistentVolumeClaimSpec;

export function validateClaimUpdate(object: Claim, old: Claim): FieldError[] {
  const [after, before] = [object.spec, old.spec];
  if (!after || !before) return [];
  const errors: FieldError[] = [];
  const named = mayBeNamed(object, old);
  const [now, was] = [object.metadata.annotations?.[classAnnotation], old.metadata.annotations?.[classAnnotation]];
  if (named !== 'by annotation' && now !== was)
    errors.push(invalidValue(`metadata.annotations[${classAnnotation}]`, now ?? '', 'field is immutable'));
  const bound = object.status?.phase === 'Bound';
  if (
    !semanticEqual(
      lasting(after, before, { bound, named: named !== undefined }),
      lasting(before, before, { bound, named: false }),
    )
  )
    errors.push(
      forbiddenField(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    );
  errors.push(...validateShrinking(object, old));
  if (after.volumeMode !== before.volumeMode)
    errors.push(invalidValue('volumeMode', after.volumeMode ?? null, 'field is immutable'));
  return [...errors, ...validateAttributesUpdate(after, before)];
}

/** A claim of before there were default classes may get the one that it is of: that of its annotation, or any where it names none (KEP-3333). */
function mayBeNamed({ metadata, spec }: Claim, old: Claim): 'by annotation' | 'by default' | undefined {
  const name = spec?.storageClassName;
  const said = old.metadata.annotations?.[classAnnotation];
  if (name === undefined || old.spec?.storageClassName !== undefined) return undefined;
  const still = metadata.annotations?.[classAnnotation];
  if (said !== undefined) return name === said && (still === undefined || still === said) ? 'by annotation' : undefined;
  return 'by default';
}

/** The spec as it must stay. `named`: the class was set, which is allowed once. */
function lasting(
  spec: Spec,
  before: Spec,
  { bound, named }: { readonly bound: boolean; readonly named: boolean },
): Partial<Spec> {
  const { volumeAttributesClassName: _attributes, resources, ...others } = spec;
  const result: Partial<Spec> = { ...others };
  // Binding sets the volume's name once.
  if (!before.volumeName) delete result.volumeName;
  if (named) delete result.storageClassName;
  const size = before.resources?.requests?.['storage'];
  const sized = bound && resources?.requests && size !== undefined;
  return {
    ...result,
    resources: sized ? { ...resources, requests: { ...resources.requests, storage: size } } : resources,
  };
}

/** Down to what the volume has, so that a claim whose growth failed can ask for less (KEP-1790). */
function validateShrinking({ spec }: Claim, old: Claim): FieldError[] {
  const [size, was] = [spec?.resources?.requests?.['storage'], old.spec?.resources?.requests?.['storage']];
  if (size === undefined || was === undefined || quantityError(size) || quantityError(was)) return [];
  const has = old.status?.capacity?.['storage'] ?? '0';
  const less = compareQuantities(parseQuantity(size), parseQuantity(was)) < 0;
  return less && compareQuantities(parseQuantity(size), parseQuantity(has)) <= 0
    ? [forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity')]
    : [];
}

function validateAttributesUpdate({ volumeAttributesClassName: now }: Spec, before: Spec): FieldError[] {
  const was = before.volumeAttributesClassName;
  if (was === undefined || (now && now !== '') || now === was) return [];
  const to = now === undefined ? 'nil' : 'an empty string';
  return [forbiddenField('spec.volumeAttributesClassName', `update from non-nil value to ${to} is forbidden`)];
}
