// PodTemplates.

import type { V1PodTemplate } from '../../../../generated/kubernetes.ts';
import { strategyFor } from '../../strategy.ts';
import { defaultTemplate, validateTemplate } from './template.ts';
import { specChanged, warnOfTemplate } from './warnings.ts';

export const strategy = strategyFor<V1PodTemplate>({
  generation: true,
  defaults: ({ template }) => defaultTemplate(template),
  validate: ({ template }) => validateTemplate(template, 'template'),
  warnings: (object, old) => (specChanged(object, old) ? warnOfTemplate(object.template, 'template') : []),
});
