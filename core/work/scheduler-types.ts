// What the scheduler has to do with which types. It stands here because others wake it: whoever commits, and the table's stream.

/** A change of one of these may let a pod be placed, and so wakes it. */
export const schedulerWatches = [
  'nodes',
  'namespaces',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/csinodes',
  'persistentvolumes',
  'persistentvolumeclaims',
  // A custom resource of the scheduler-plugins project; nothing is there until somebody defines it.
  'scheduling.x-k8s.io/podgroups',
  'pods',
] as const;

/** These say how pods are spread, and whom it may evict: read when a pod is placed, and no reason to place one. */
export const schedulerReads = [
  'policy/poddisruptionbudgets',
  'services',
  'replicationcontrollers',
  'apps/replicasets',
  'apps/statefulsets',
] as const;

/** It writes nothing else. */
export const schedulerOwns = ['pods', 'persistentvolumes', 'persistentvolumeclaims'] as const;
