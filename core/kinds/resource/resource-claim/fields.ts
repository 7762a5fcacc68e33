// Fields of ResourceClaims.

import type { Fields } from '../../../api/fields.ts';

const allocationModes = ['All', 'ExactCount'];

export const fields: Fields = {
  V1ExactDeviceRequest: {
    allocationMode: { default: 'ExactCount', enum: allocationModes },
  },
  V1DeviceSubRequest: {
    allocationMode: { default: 'ExactCount', enum: allocationModes },
  },
  V1DeviceToleration: {
    operator: { default: 'Equal', enum: ['Equal', 'Exists'] },
  },
  V1AllocatedDeviceStatus: {
    conditions: { nil: true },
  },
  V1DeviceClaim: {
    requests: { nil: true },
  },
};
