// Fields of Jobs.

import type { Fields } from '../../../api/fields.ts';

export const fields: Fields = {
  V1JobSpec: {
    completionMode: { enum: ['Indexed', 'NonIndexed'] },
    podReplacementPolicy: { enum: ['Failed', 'TerminatingOrFailed'] },
  },
  V1PodFailurePolicyRule: {
    action: { enum: ['Count', 'FailIndex', 'FailJob', 'Ignore'] },
  },
  V1PodFailurePolicyOnExitCodesRequirement: {
    operator: { enum: ['In', 'NotIn'] },
  },
  V1Job: {
    'spec.completionMode': { default: 'NonIndexed' },
    'spec.suspend': { default: false },
  },
  V1PodFailurePolicyOnPodConditionsPattern: {
    status: { default: 'True' },
  },
};
