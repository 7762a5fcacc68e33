// Types whose objects have a template of pods.

export const templated = [
  'replicationcontrollers',
  'podtemplates',
  'apps/daemonsets',
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'batch/cronjobs',
  'batch/jobs',
];
