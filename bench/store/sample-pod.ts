// A pod of about 2 KB as our API stores it, with parts that differ from pod to pod and do not compress.

import { createHash } from 'node:crypto';

export interface SamplePod {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly revisionOffset: number;
}

/** `phase`: Pending as it is created, Running with the status that a kubelet reports. */
export function samplePod(i: number, phase: 'Pending' | 'Running' = 'Pending'): SamplePod {
  const chance = createHash('sha256').update(String(i)).digest('hex');
  const uid = `${chance.slice(0, 8)}-${chance.slice(8, 12)}-4${chance.slice(13, 16)}-a${chance.slice(17, 20)}-${chance.slice(20, 32)}`;
  const name = `web-${chance.slice(0, 10)}-${chance.slice(40, 45)}`;
  const at = `2026-03-0${1 + (i % 9)}T1${i % 10}:2${i % 7}:3${i % 8}Z`;
  const condition = (type: string) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: at });
  const address = `10.244.${i % 250}.${(i * 7) % 250}`;
  const running = {
    phase,
    conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
    hostIP: '192.168.7.21',
    hostIPs: [{ ip: '192.168.7.21' }],
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: at,
    containerStatuses: [
      {
        name: 'server',
        state: { running: { startedAt: at } },
        lastState: {},
        ready: true,
        restartCount: 0,
        image: 'registry.example.com/shop/web:4.17.2',
        imageID: `registry.example.com/shop/web@sha256:${chance}`,
        containerID: `containerd://${chance.split('').reverse().join('')}`,
        started: true,
      },
    ],
    qosClass: 'Burstable',
  };
  const token = `kube-api-access-${chance.slice(50, 55)}`;
  const metadata = {
    generateName: `web-${chance.slice(0, 10)}-`,
    namespace: `team-${i % 20}`,
    uid,
    creationTimestamp: at,
    labels: { app: 'web', tier: 'frontend', 'pod-template-hash': chance.slice(0, 10) },
    annotations: { 'example.com/checksum': chance.slice(0, 40) },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: `web-${chance.slice(0, 10)}`,
        uid: uid.split('').reverse().join(''),
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
  const spec = {
    volumes: [
      {
        name: token,
        projected: {
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          ],
          defaultMode: 420,
        },
      },
      { name: 'settings', configMap: { name: 'web-settings', defaultMode: 420 } },
    ],
    containers: [
      {
        name: 'server',
        image: 'registry.example.com/shop/web:4.17.2',
        args: ['--listen=:8443', '--log-level=info', `--shard=${i}`],
        ports: [{ name: 'https', containerPort: 8443, protocol: 'TCP' }],
        env: [
          { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'web-database', key: 'url' } } },
          { name: 'CACHE_HOST', value: 'cache.shop.svc.cluster.local' },
        ],
        resources: { requests: { cpu: '250m', memory: '384Mi' }, limits: { memory: '512Mi' } },
        volumeMounts: [
          { name: 'settings', mountPath: '/etc/web' },
          { name: token, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
        ],
        readinessProbe: { httpGet: { path: '/ready', port: 'https', scheme: 'HTTPS' }, periodSeconds: 5 },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'IfNotPresent',
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 45,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'web',
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
  };
  const status = phase === 'Pending' ? { phase, qosClass: 'Burstable' } : running;
  const full = `${metadata.namespace}/${name}`;
  const start = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}","resourceVersion":"`;
  const rest = `",${JSON.stringify(metadata).slice(1)},"spec":${JSON.stringify(spec)},"status":${JSON.stringify(status)}}`;
  return { name: full, bytes: Buffer.from(start + rest), revisionOffset: start.length };
}
