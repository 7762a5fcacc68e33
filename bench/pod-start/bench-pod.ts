// The pods whose starts are measured: small containers, their image on the node.

export const podKinds = ['plain', 'configmap', 'token', 'init'] as const;
export type PodKind = (typeof podKinds)[number];

/** What `configmap` mounts. */
export const benchConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'zpbench' },
  data: { 'one.conf': 'one', 'two.conf': 'two' },
};

const image = 'zeroplane.local/busybox:1';
/** Ends when it is told to: what must be killed does so two seconds later, in the middle of the start that is measured next. */
const command = ['/bin/sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'];
const volumes = {
  configmap: { configMap: { name: benchConfigMap.metadata.name } },
  token: { projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'bench' } }] } },
} as const;
/** Where a pod mounts what its kind adds to the token of its service account, which all of them have. */
export const benchMountPath = '/bench';

export function benchPod(name: string, kind: PodKind = 'plain'): object {
  const volume = kind === 'configmap' || kind === 'token' ? volumes[kind] : undefined;
  const mounts = volume && { volumeMounts: [{ name: 'bench', mountPath: benchMountPath }] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      // Not 0: the API would forget the pod at once, and its node would still be taking it down when the next one starts.
      terminationGracePeriodSeconds: 5,
      ...(kind === 'init' && { initContainers: [{ name: 'before', image, command: ['/bin/true'] }] }),
      containers: [{ name: 'sleep', image, command, ...mounts }],
      ...(volume && { volumes: [{ name: 'bench', ...volume }] }),
    },
  };
}
