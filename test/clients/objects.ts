// The objects that tests of kubectl make. They need no container.

export const deployment = (replicas: number, env: object[] = []) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'app', labels: { suite: 's' } },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'app' } },
    template: {
      metadata: { labels: { app: 'app' } },
      spec: { containers: [{ name: 'main', image: 'zeroplane.local/busybox:1', command: ['sleep', '1000'], env }] },
    },
  },
});

export const configMap = (name: string, data: object, labels = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
});
