// Fields of Pods.

import type { Fields } from '../../../api/fields.ts';

const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
const messagePolicies = ['FallbackToLogsOnError', 'File'];
const profiles = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const nodePolicies = ['Honor', 'Ignore'];

export const fields: Fields = {
  V1PodSpec: {
    restartPolicy: { default: 'Always', enum: ['Always', 'Never', 'OnFailure'] },
    dnsPolicy: { default: 'ClusterFirst', enum: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] },
    preemptionPolicy: { enum: ['Never', 'PreemptLowerPriority'] },
    schedulerName: { default: 'default-scheduler' },
    securityContext: { default: {} },
    terminationGracePeriodSeconds: { default: 30 },
  },
  V1PodOS: {
    name: { enum: ['linux', 'windows'] },
  },
  V1Container: {
    imagePullPolicy: { enum: pullPolicies },
    terminationMessagePolicy: { default: 'File', enum: messagePolicies },
    resources: { default: {} },
    terminationMessagePath: { default: '/dev/termination-log' },
  },
  V1EphemeralContainer: {
    imagePullPolicy: { enum: pullPolicies },
    terminationMessagePolicy: { default: 'File', enum: messagePolicies },
    resources: { default: {} },
    terminationMessagePath: { default: '/dev/termination-log' },
  },
  V1ContainerPort: {
    protocol: { default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] },
  },
  V1HTTPGetAction: {
    scheme: { default: 'HTTP', enum: ['HTTP', 'HTTPS'] },
    path: { default: '/' },
  },
  V1SecurityContext: {
    procMount: { enum: ['Default', 'Unmasked'] },
  },
  V1SeccompProfile: {
    type: { enum: profiles },
  },
  V1AppArmorProfile: {
    type: { enum: profiles },
  },
  V1PodSecurityContext: {
    fsGroupChangePolicy: { enum: ['Always', 'OnRootMismatch'] },
    seLinuxChangePolicy: { enum: ['MountOption', 'Recursive'] },
    supplementalGroupsPolicy: { enum: ['Merge', 'Strict'] },
  },
  V1ContainerResizePolicy: {
    restartPolicy: { enum: ['NotRequired', 'RestartContainer'] },
  },
  V1Toleration: {
    effect: { enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] },
    operator: { enum: ['Equal', 'Exists', 'Gt', 'Lt'] },
  },
  V1TopologySpreadConstraint: {
    whenUnsatisfiable: { enum: ['DoNotSchedule', 'ScheduleAnyway'] },
    nodeAffinityPolicy: { enum: nodePolicies },
    nodeTaintsPolicy: { enum: nodePolicies },
  },
  V1NodeSelectorRequirement: {
    operator: { enum: ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'] },
  },
  V1VolumeMount: {
    mountPropagation: { enum: ['Bidirectional', 'HostToContainer', 'None'] },
    recursiveReadOnly: { enum: ['Disabled', 'Enabled', 'IfPossible'] },
  },
  V1HostPathVolumeSource: {
    type: {
      default: '',
      enum: ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'],
    },
  },
  V1ImageVolumeSource: {
    pullPolicy: { enum: pullPolicies },
  },
  V1Pod: {
    'spec.enableServiceLinks': { default: true },
  },
  V1Probe: {
    timeoutSeconds: { default: 1 },
    periodSeconds: { default: 10 },
    successThreshold: { default: 1 },
    failureThreshold: { default: 3 },
  },
  V1GRPCAction: {
    service: { default: '' },
  },
  V1ObjectFieldSelector: {
    apiVersion: { default: 'v1' },
  },
  V1ResourceFieldSelector: {
    divisor: { default: '0' },
  },
  V1SecretVolumeSource: {
    defaultMode: { default: 0o644 },
  },
  V1ConfigMapVolumeSource: {
    defaultMode: { default: 0o644 },
  },
  V1DownwardAPIVolumeSource: {
    defaultMode: { default: 0o644 },
  },
  V1ProjectedVolumeSource: {
    defaultMode: { default: 0o644 },
    sources: { nil: true },
  },
  V1ServiceAccountTokenProjection: {
    expirationSeconds: { default: 3600 },
  },
  V1ISCSIVolumeSource: {
    iscsiInterface: { default: 'default' },
  },
  V1RBDVolumeSource: {
    pool: { default: 'rbd' },
    user: { default: 'admin' },
    keyring: { default: '/etc/ceph/keyring' },
  },
  V1AzureDiskVolumeSource: {
    cachingMode: { default: 'ReadWrite', enum: ['None', 'ReadOnly', 'ReadWrite'] },
    kind: { default: 'Shared', enum: ['Dedicated', 'Managed', 'Shared'] },
    fsType: { default: 'ext4' },
    readOnly: { default: false },
  },
  V1ScaleIOVolumeSource: {
    storageMode: { default: 'ThinProvisioned' },
    fsType: { default: 'xfs' },
  },
  V1TypedLocalObjectReference: {
    apiGroup: { nil: true },
  },
};
