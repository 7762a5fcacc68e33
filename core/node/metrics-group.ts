// The API group of what nodes and pods use.

export const metricsGroup = 'metrics.k8s.io';
export const metricsApiVersion = `${metricsGroup}/v1beta1`;
