// ResourceQuota: a namespace holds no more than its quotas allow. What counts is loaded with the first write into a namespace that has one.

import { late } from '../../machinery/late.ts';
import type { AdmissionPlugin } from './plugin.ts';

const counting = late(() => import('./under-quotas.ts'));

export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',
  operations: ['CREATE', 'UPDATE'],
  async validate(attributes, env) {
    const { definition, namespace, object, subresource } = attributes;
    // What is not stored takes no room.
    if (!definition.namespaced || !object || !definition.verbs.includes('list')) return;
    if (subresource !== '' && subresource !== 'resize') return;
    const quotas = await env.lookAll('resourcequotas', `${namespace}/`);
    if (quotas.length > 0) await counting(({ admitUnder }) => admitUnder(quotas, attributes, object, env));
  },
};
