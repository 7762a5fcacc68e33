// How many of each the API of devices takes. Source: resource.k8s.io/v1.

export const limits = {
  requests: 32,
  subRequests: 8,
  selectors: 32,
  constraints: 32,
  configs: 32,
  tolerations: 16,
  bindingConditions: 4,
  results: 32,
  reservedFor: 256,
  deviceConditions: 8,
  addresses: 16,
  devices: 128,
  /** Where one of them has taints, or takes of what it shares with others. */
  devicesThatShare: 64,
  /** Attributes and capacities of a device. */
  attributes: 32,
  taints: 16,
  counterSets: 8,
  counters: 32,
  /** Counter sets that a device takes of. */
  consumed: 2,
  policyValues: 10,
} as const;
