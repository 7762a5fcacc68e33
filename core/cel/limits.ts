// What CEL expressions may cost. Source: k8s.io/apiserver, CEL limits.

/** Kubernetes' limits: of one run, of all runs over one object, and of one expression's and one schema's estimate. */
export const celLimits = { run: 1_000_000, object: 10_000_000, estimate: 10_000_000, schema: 100_000_000 } as const;
