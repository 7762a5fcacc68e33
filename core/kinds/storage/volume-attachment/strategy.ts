// VolumeAttachments.

import type { V1VolumeAttachment, V1VolumeError } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from '../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { validateInlineSpec } from '../../core/persistent-volume/validate-spec.ts';
import { strategyFor } from '../../strategy.ts';
import { validateDriverName } from '../driver-name.ts';

export const strategy = strategyFor<V1VolumeAttachment>({
  conditionalUpdate: true,
  validate({ spec }) {
    const { attacher, nodeName, source } = spec ?? {};
    const path = 'spec.source';
    const one = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
    const inline = source?.inlineVolumeSpec !== undefined;
    const byName = source?.persistentVolumeName !== undefined;
    const errors = validateDriverName(attacher, 'spec.attacher');
    if (inline && byName) errors.push(forbiddenField(path, one));
    else if (!inline && !byName) errors.push(required(path, one));
    else if (source?.persistentVolumeName === '')
      errors.push(required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName'));
    else if (source?.inlineVolumeSpec)
      errors.push(...validateInlineSpec(source.inlineVolumeSpec, `${path}.inlineVolumeSpec`));
    for (const [at, name] of [
      ['spec.nodeName', nodeName ?? ''],
      [`${path}.persistentVolumeName`, source?.persistentVolumeName],
    ] as const)
      if (name !== undefined)
        for (const message of dns1123Subdomain(name)) errors.push(invalidValue(at, name, message));
    return errors;
  },
  validateStatus: ({ status }) => [
    ...(sizeOf(status?.attachmentMetadata ?? {}) > longest.metadata
      ? [tooLong('status.attachmentMetadata', longest.metadata)]
      : []),
    ...validateFailure(status?.attachError, 'status.attachError'),
    ...validateFailure(status?.detachError, 'status.detachError'),
  ],
  validateUpdate: (object, old) =>
    semanticEqual(object.spec, old.spec) ? [] : [invalidValue('spec', object.spec, 'field is immutable')],
});

const longest = { metadata: 256 * 1024, message: 1024 } as const;

function sizeOf(texts: Readonly<Record<string, string>>): number {
  return Object.entries(texts).reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
}

function validateFailure(failure: V1VolumeError | undefined, path: string): FieldError[] {
  const { message = '', errorCode } = failure ?? {};
  const errors = Buffer.byteLength(message) > longest.message ? [tooLong(`${path}.message`, longest.message)] : [];
  if (errorCode !== undefined && errorCode < 0)
    errors.push(invalidValue(`${path}.errorCode`, errorCode, 'must be between 0 and 2147483647, inclusive'));
  return errors;
}
