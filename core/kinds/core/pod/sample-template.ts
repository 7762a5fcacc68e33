// The pod template of samples.

export const podTemplate = {
  metadata: { labels: { app: 'x' } },
  spec: {
    containers: [
      {
        name: 'c',
        image: 'i',
        command: ['run'],
        args: ['a'],
        env: [{ name: 'A', value: 'b' }],
        envFrom: [{ configMapRef: { name: 'one' } }],
        ports: [{ containerPort: 80, name: 'http' }],
        resources: { requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '2' } },
        volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 's' }],
        livenessProbe: { httpGet: { path: '/', port: 'http', httpHeaders: [{ name: 'H', value: 'v' }] } },
        lifecycle: { preStop: { exec: { command: ['stop'] } } },
        securityContext: { runAsUser: 1, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
      },
    ],
    initContainers: [{ name: 'before', image: 'i', restartPolicy: 'Always' }],
    volumes: [
      { name: 'v', emptyDir: { sizeLimit: '1Mi' } },
      { name: 'w', projected: { sources: [{ secret: { name: 's', items: [{ key: 'k', path: 'p' }] } }] } },
    ],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }] }],
        },
      },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { topologyKey: 'k', labelSelector: { matchLabels: { app: 'x' } } } },
        ],
      },
    },
    tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }],
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'k',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'x' } },
      },
    ],
    hostAliases: [{ ip: '192.0.2.1', hostnames: ['h'] }],
    dnsConfig: { nameservers: ['192.0.2.1'], options: [{ name: 'ndots', value: '1' }] },
    securityContext: { fsGroup: 1, sysctls: [{ name: 'kernel.shm_rmid_forced', value: '0' }] },
    imagePullSecrets: [{ name: 'p' }],
    readinessGates: [{ conditionType: 'x/y' }],
  },
};
