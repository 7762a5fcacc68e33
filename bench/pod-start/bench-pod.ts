// The pod whose start is measured: one small container, its image on the node.

export function benchPod(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'sleep', image: 'zeroplane.local/busybox:1', command: ['/bin/sleep', '3600'] }],
    },
  };
}
