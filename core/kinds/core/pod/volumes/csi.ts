// Volumes of CSI drivers.

import { type FieldError, invalidValue, required, tooLong } from '../../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../../machinery/names.ts';
import { validateSecretReference, validateStrictReference } from './secret-reference.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const csi: VolumeTypeOf<'csi'> = {
  validate: ({ driver }, { path }) => validateDriverName(driver, `${path}.driver`),
  inline: {
    podSecurity: 'restricted',
    validate: ({ nodePublishSecretRef }, { path }) =>
      nodePublishSecretRef?.name
        ? // The field is told of without its parent, as Kubernetes does.
          dns1123Subdomain(nodePublishSecretRef.name).map((message) =>
            invalidValue(`${path}.name`, nodePublishSecretRef.name, message),
          )
        : validateSecretReference(nodePublishSecretRef, `${path}.nodePublishSecretRef`, 'name'),
  },
  persistent: {
    validate: (source, { path }) => [
      ...(source.volumeHandle ? [] : [required(`${path}.volumeHandle`)]),
      ...secretFields.flatMap((field) => validateStrictReference(source[field], `${path}.${field}`)),
    ],
  },
};

/** That for staging is not looked at. */
const secretFields = [
  ...(['controllerPublishSecretRef', 'controllerExpandSecretRef'] as const),
  ...(['nodePublishSecretRef', 'nodeExpandSecretRef'] as const),
];

function validateDriverName(driver: string | undefined, path: string): FieldError[] {
  const name = driver ?? '';
  const errors = dns1123Subdomain(name.toLowerCase()).map((message) => invalidValue(path, name, message));
  if (!driver) return [required(path), ...errors];
  return Buffer.byteLength(driver) > 63 ? [tooLong(path, 63), ...errors] : errors;
}
