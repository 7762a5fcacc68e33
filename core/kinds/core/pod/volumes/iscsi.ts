// Disks over iSCSI.

import type { V1ISCSIPersistentVolumeSource, V1ISCSIVolumeSource } from '../../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../../machinery/field-error.ts';
import { validateSecretReference } from './secret-reference.ts';
import type { VolumePlace, VolumeTypeOf } from './volume-type.ts';

export const iscsi: VolumeTypeOf<'iscsi'> = {
  needs: ['targetPortal', 'iqn'],
  validate: validateIscsi,
  inline: { podSecurity: 'baseline' },
  persistent: {
    validate: ({ secretRef }, { path }) => validateSecretReference(secretRef, `${path}.secretRef`, 'name'),
  },
};

const iqn = /^iqn\.\d{4}-\d{2}\.([a-z0-9]+)(\.[a-z0-9-]+)*(:[^,;*&$|\s]+)$/;
const eui = /^eui\.[a-fA-F0-9]{16}$/;
const naa = /^naa\.[a-fA-F0-9]{16,32}$/;

type Source = V1ISCSIVolumeSource | V1ISCSIPersistentVolumeSource;

function validateIscsi(source: Source, { path, volume, name }: VolumePlace): FieldError[] {
  const errors: FieldError[] = [];
  const { initiatorName, lun, targetPortal = '' } = source;
  const initiator = (value: string, field: string) => {
    const known = [iqn, eui, naa].some((format) => format.test(value));
    const prefixed = /^(?:iqn|eui|naa)/.test(value);
    if (!known)
      errors.push(
        invalidValue(
          `${path}.${field}`,
          value,
          prefixed ? 'must be valid format' : 'must be valid format starting with iqn, eui, or naa',
        ),
      );
  };
  if (source.iqn) initiator(source.iqn, 'iqn');
  if (initiatorName !== undefined) {
    initiator(initiatorName, 'initiatorname');
    if (Buffer.byteLength(`${name}:${targetPortal}`) > 64)
      errors.push(
        invalidValue(
          `${volume}.name`,
          name,
          'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
        ),
      );
  }
  if (lun < 0 || lun > 255) errors.push(invalidValue(`${path}.lun`, lun, 'must be between 0 and 255, inclusive'));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef)
    errors.push(required(`${path}.secretRef`));
  return errors;
}
