// Namespaces: they stay, terminating, until their content is gone and spec.finalizers is empty.

import type { V1Namespace } from '../../../../generated/kubernetes.ts';
import { invalidValue } from '../../../machinery/field-error.ts';
import { dns1123Label } from '../../../machinery/names.ts';
import { named } from '../../metadata/name-rule.ts';
import { validateFinalizerName } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';

const nameLabel = 'kubernetes.io/metadata.name';

export const strategy = strategyFor<V1Namespace>({
  validateName: named(dns1123Label),
  defaults(object) {
    const { metadata } = object;
    if (metadata.name) metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name };
  },
  prepareForCreate(object) {
    object.status = { phase: 'Active' };
    const finalizers = object.spec?.finalizers ?? [];
    object.spec = {
      ...object.spec,
      finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'],
    };
  },
  prepareForUpdate(object, old, { subresource }) {
    // Only the finalize subresource ends a namespace's finalizers.
    if (subresource !== 'finalize') object.spec = { ...object.spec, finalizers: old.spec?.finalizers ?? [] };
  },
  // Told of without its place where it is made, and with it where it is ended.
  validate: ({ spec }, old) =>
    (old ? [] : (spec?.finalizers ?? [])).flatMap((each) => validateFinalizerName(each, 'spec.finalizers')),
  validateUpdate: ({ spec }, _, subresource) =>
    (subresource === 'finalize' ? (spec?.finalizers ?? []) : []).flatMap((each, index) =>
      validateFinalizerName(each, `spec.finalizers[${index}]`),
    ),
  validateStatus({ metadata, status }) {
    const phase = status?.phase ?? '';
    const [wanted, when] = metadata?.deletionTimestamp ? ['Terminating', 'not empty'] : ['Active', 'empty'];
    return phase === wanted
      ? []
      : [invalidValue('status.Phase', phase, `may only be '${wanted}' if \`deletionTimestamp\` is ${when}`)];
  },
  holds: ({ spec }) => (spec?.finalizers?.length ?? 0) > 0,
  beforeDelete(object) {
    object.status = { ...object.status, phase: 'Terminating' };
  },
});
