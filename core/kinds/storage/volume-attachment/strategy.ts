// VolumeAttachments.

import type { V1VolumeAttachment } from '../../../../generated/kubernetes.ts';
import { forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';
import { driverName } from '../driver-name.ts';

export const strategy = strategyFor<V1VolumeAttachment>({
  conditionalUpdate: true,
  validate({ spec }) {
    const { attacher, nodeName, source } = spec ?? {};
    const path = 'spec.source';
    const one = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
    const inline = source?.inlineVolumeSpec !== undefined;
    const byName = source?.persistentVolumeName !== undefined;
    const errors = requiredField(attacher, driverName, 'spec.attacher');
    if (inline && byName) errors.push(forbiddenField(path, one));
    else if (!inline && !byName) errors.push(required(path, one));
    else if (source?.persistentVolumeName === '')
      errors.push(required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName'));
    return [...errors, ...requiredField(nodeName, dns1123Subdomain, 'spec.nodeName')];
  },
  validateUpdate: (object, old) =>
    semanticEqual(object.spec, old.spec) ? [] : [invalidValue('spec', object.spec, 'field is immutable')],
});
