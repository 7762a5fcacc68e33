// The messages of CRI runtime.v1 that the agent uses: field names (camel case), numbers and types. Source: the CRI API, runtime.v1.

import type { Decoded, Input } from './wire.ts';
import { message } from './wire.ts';

export const namespaceModes = { pod: 0, container: 1, node: 2, target: 3 } as const;
export const protocols = { TCP: 0, UDP: 1, SCTP: 2 } as const;
export const propagations = { private: 0, hostToContainer: 1, bidirectional: 2 } as const;
export const profileTypes = { runtimeDefault: 0, unconfined: 1, localhost: 2 } as const;
/** What becomes of the groups that an image gives its user. */
export const groupPolicies = { merge: 0, strict: 1 } as const;
export const sandboxStates = { ready: 0, notReady: 1 } as const;
export const containerStates = { created: 0, running: 1, exited: 2, unknown: 3 } as const;

const Int64Value = message({ value: [1, 'int64'] });
const UInt64Value = message({ value: [1, 'int64'] });
const KeyValue = message({ key: [1, 'string'], value: [2, 'string'] });
export const Empty = message({});

export const VersionRequest = message({ version: [1, 'string'] });
export const VersionResponse = message({
  version: [1, 'string'],
  runtimeName: [2, 'string'],
  runtimeVersion: [3, 'string'],
  runtimeApiVersion: [4, 'string'],
});

/** LinuxRuntimeConfiguration: CgroupDriver. */
export const cgroupDrivers = { systemd: 0, cgroupfs: 1 } as const;
export const RuntimeConfigResponse = message({ linux: [1, message({ cgroupDriver: [1, 'int32'] })] });

const ImageSpec = message({
  image: [1, 'string'],
  annotations: [2, 'map'],
  userSpecifiedImage: [18, 'string'],
  runtimeHandler: [19, 'string'],
});

const DnsConfig = message({ servers: [1, ['string']], searches: [2, ['string']], options: [3, ['string']] });
const PortMapping = message({
  protocol: [1, 'int32'],
  containerPort: [2, 'int32'],
  hostPort: [3, 'int32'],
  hostIp: [4, 'string'],
});
const NamespaceOption = message({
  network: [1, 'int32'],
  pid: [2, 'int32'],
  ipc: [3, 'int32'],
  targetId: [4, 'string'],
});
const SecurityProfile = message({ profileType: [1, 'int32'], localhostRef: [2, 'string'] });
const LinuxSandboxSecurityContext = message({
  namespaceOptions: [1, NamespaceOption],
  runAsUser: [3, Int64Value],
  readonlyRootfs: [4, 'bool'],
  supplementalGroups: [5, ['int64']],
  privileged: [6, 'bool'],
  runAsGroup: [8, Int64Value],
  seccomp: [9, SecurityProfile],
  supplementalGroupsPolicy: [11, 'int32'],
});
const HugepageLimit = message({ pageSize: [1, 'string'], limit: [2, 'int64'] });
const LinuxContainerResources = message({
  cpuPeriod: [1, 'int64'],
  cpuQuota: [2, 'int64'],
  cpuShares: [3, 'int64'],
  memoryLimitInBytes: [4, 'int64'],
  oomScoreAdj: [5, 'int64'],
  cpusetCpus: [6, 'string'],
  cpusetMems: [7, 'string'],
  hugepageLimits: [8, [HugepageLimit]],
  unified: [9, 'map'],
  memorySwapLimitInBytes: [10, 'int64'],
});
const LinuxPodSandboxConfig = message({
  cgroupParent: [1, 'string'],
  securityContext: [2, LinuxSandboxSecurityContext],
  sysctls: [3, 'map'],
  overhead: [4, LinuxContainerResources],
  resources: [5, LinuxContainerResources],
});
const WindowsSandboxSecurityContext = message({
  runAsUsername: [1, 'string'],
  credentialSpec: [2, 'string'],
  hostProcess: [3, 'bool'],
});
const WindowsPodSandboxConfig = message({ securityContext: [1, WindowsSandboxSecurityContext] });
const WindowsContainerResources = message({
  cpuShares: [1, 'int64'],
  cpuCount: [2, 'int64'],
  cpuMaximum: [3, 'int64'],
  memoryLimitInBytes: [4, 'int64'],
  rootfsSizeInBytes: [5, 'int64'],
});
const WindowsContainerSecurityContext = message({
  runAsUsername: [1, 'string'],
  credentialSpec: [2, 'string'],
  hostProcess: [3, 'bool'],
});
const WindowsContainerConfig = message({
  resources: [1, WindowsContainerResources],
  securityContext: [2, WindowsContainerSecurityContext],
});
const PodSandboxMetadata = message({
  name: [1, 'string'],
  uid: [2, 'string'],
  namespace: [3, 'string'],
  attempt: [4, 'int32'],
});
const PodSandboxConfig = message({
  metadata: [1, PodSandboxMetadata],
  hostname: [2, 'string'],
  logDirectory: [3, 'string'],
  dnsConfig: [4, DnsConfig],
  portMappings: [5, [PortMapping]],
  labels: [6, 'map'],
  annotations: [7, 'map'],
  linux: [8, LinuxPodSandboxConfig],
  windows: [9, WindowsPodSandboxConfig],
});

export const RunPodSandboxRequest = message({ config: [1, PodSandboxConfig], runtimeHandler: [2, 'string'] });
export const RunPodSandboxResponse = message({ podSandboxId: [1, 'string'] });
export const PodSandboxIdRequest = message({ podSandboxId: [1, 'string'], verbose: [2, 'bool'] });
const PodIp = message({ ip: [1, 'string'] });
const PodSandboxNetworkStatus = message({ ip: [1, 'string'], additionalIps: [2, [PodIp]] });
const Namespace = message({ options: [2, NamespaceOption] });
const LinuxPodSandboxStatus = message({ namespaces: [1, Namespace] });
const PodSandboxStatus = message({
  id: [1, 'string'],
  metadata: [2, PodSandboxMetadata],
  state: [3, 'int32'],
  createdAt: [4, 'time'],
  network: [5, PodSandboxNetworkStatus],
  linux: [6, LinuxPodSandboxStatus],
  labels: [7, 'map'],
  annotations: [8, 'map'],
  runtimeHandler: [9, 'string'],
});
export const PodSandboxStatusResponse = message({ status: [1, PodSandboxStatus], info: [2, 'map'] });
const StateValue = message({ state: [1, 'int32'] });
const PodSandboxFilter = message({ id: [1, 'string'], state: [2, StateValue], labelSelector: [3, 'map'] });
export const ListPodSandboxRequest = message({ filter: [1, PodSandboxFilter] });
const PodSandbox = message({
  id: [1, 'string'],
  metadata: [2, PodSandboxMetadata],
  state: [3, 'int32'],
  createdAt: [4, 'time'],
  labels: [5, 'map'],
  annotations: [6, 'map'],
  runtimeHandler: [7, 'string'],
});
export const ListPodSandboxResponse = message({ items: [1, [PodSandbox]] });

const Mount = message({
  containerPath: [1, 'string'],
  hostPath: [2, 'string'],
  readonly: [3, 'bool'],
  selinuxRelabel: [4, 'bool'],
  propagation: [5, 'int32'],
  recursiveReadOnly: [8, 'bool'],
});
const Capability = message({ addCapabilities: [1, ['string']], dropCapabilities: [2, ['string']] });
const LinuxContainerSecurityContext = message({
  capabilities: [1, Capability],
  privileged: [2, 'bool'],
  namespaceOptions: [3, NamespaceOption],
  runAsUser: [5, Int64Value],
  runAsUsername: [6, 'string'],
  readonlyRootfs: [7, 'bool'],
  supplementalGroups: [8, ['int64']],
  noNewPrivs: [11, 'bool'],
  runAsGroup: [12, Int64Value],
  maskedPaths: [13, ['string']],
  readonlyPaths: [14, ['string']],
  seccomp: [15, SecurityProfile],
  apparmor: [16, SecurityProfile],
  supplementalGroupsPolicy: [17, 'int32'],
});
const LinuxContainerConfig = message({
  resources: [1, LinuxContainerResources],
  securityContext: [2, LinuxContainerSecurityContext],
});
const ContainerMetadata = message({ name: [1, 'string'], attempt: [2, 'int32'] });
const Device = message({ containerPath: [1, 'string'], hostPath: [2, 'string'], permissions: [3, 'string'] });
const ContainerConfig = message({
  metadata: [1, ContainerMetadata],
  image: [2, ImageSpec],
  command: [3, ['string']],
  args: [4, ['string']],
  workingDir: [5, 'string'],
  envs: [6, [KeyValue]],
  mounts: [7, [Mount]],
  devices: [8, [Device]],
  labels: [9, 'map'],
  annotations: [10, 'map'],
  logPath: [11, 'string'],
  stdin: [12, 'bool'],
  stdinOnce: [13, 'bool'],
  tty: [14, 'bool'],
  linux: [15, LinuxContainerConfig],
  windows: [16, WindowsContainerConfig],
});
export const CreateContainerRequest = message({
  podSandboxId: [1, 'string'],
  config: [2, ContainerConfig],
  sandboxConfig: [3, PodSandboxConfig],
});
export const CreateContainerResponse = message({ containerId: [1, 'string'] });
export const ContainerIdRequest = message({ containerId: [1, 'string'] });
export const StopContainerRequest = message({ containerId: [1, 'string'], timeout: [2, 'int64'] });
const ContainerFilter = message({
  id: [1, 'string'],
  state: [2, StateValue],
  podSandboxId: [3, 'string'],
  labelSelector: [4, 'map'],
});
export const ListContainersRequest = message({ filter: [1, ContainerFilter] });
const Container = message({
  id: [1, 'string'],
  podSandboxId: [2, 'string'],
  metadata: [3, ContainerMetadata],
  image: [4, ImageSpec],
  imageRef: [5, 'string'],
  state: [6, 'int32'],
  createdAt: [7, 'time'],
  labels: [8, 'map'],
  annotations: [9, 'map'],
});
export const ListContainersResponse = message({ containers: [1, [Container]] });
export const ContainerStatusRequest = message({ containerId: [1, 'string'], verbose: [2, 'bool'] });
const ContainerStatus = message({
  id: [1, 'string'],
  metadata: [2, ContainerMetadata],
  state: [3, 'int32'],
  createdAt: [4, 'time'],
  startedAt: [5, 'time'],
  finishedAt: [6, 'time'],
  exitCode: [7, 'int32'],
  image: [8, ImageSpec],
  imageRef: [9, 'string'],
  reason: [10, 'string'],
  message: [11, 'string'],
  labels: [12, 'map'],
  annotations: [13, 'map'],
  mounts: [14, [Mount]],
  logPath: [15, 'string'],
  imageId: [17, 'string'],
});
export const ContainerStatusResponse = message({ status: [1, ContainerStatus], info: [2, 'map'] });
export const UpdateContainerResourcesRequest = message({
  containerId: [1, 'string'],
  linux: [2, LinuxContainerResources],
  windows: [3, WindowsContainerResources],
  annotations: [4, 'map'],
});

export const ExecSyncRequest = message({ containerId: [1, 'string'], cmd: [2, ['string']], timeout: [3, 'int64'] });
export const ExecSyncResponse = message({ stdout: [1, 'bytes'], stderr: [2, 'bytes'], exitCode: [3, 'int32'] });
export const ExecRequest = message({
  containerId: [1, 'string'],
  cmd: [2, ['string']],
  tty: [3, 'bool'],
  stdin: [4, 'bool'],
  stdout: [5, 'bool'],
  stderr: [6, 'bool'],
});
export const AttachRequest = message({
  containerId: [1, 'string'],
  stdin: [2, 'bool'],
  tty: [3, 'bool'],
  stdout: [4, 'bool'],
  stderr: [5, 'bool'],
});
export const PortForwardRequest = message({ podSandboxId: [1, 'string'], port: [2, ['int32']] });
export const StreamUrlResponse = message({ url: [1, 'string'] });

const ImageFilter = message({ image: [1, ImageSpec] });
export const ListImagesRequest = message({ filter: [1, ImageFilter] });
const Image = message({
  id: [1, 'string'],
  repoTags: [2, ['string']],
  repoDigests: [3, ['string']],
  size: [4, 'int64'],
  uid: [5, Int64Value],
  username: [6, 'string'],
  spec: [7, ImageSpec],
  pinned: [8, 'bool'],
});
export const ListImagesResponse = message({ images: [1, [Image]] });
export const ImageStatusRequest = message({ image: [1, ImageSpec], verbose: [2, 'bool'] });
export const ImageStatusResponse = message({ image: [1, Image], info: [2, 'map'] });
const AuthConfig = message({
  username: [1, 'string'],
  password: [2, 'string'],
  auth: [3, 'string'],
  serverAddress: [4, 'string'],
  identityToken: [5, 'string'],
  registryToken: [6, 'string'],
});
export const PullImageRequest = message({
  image: [1, ImageSpec],
  auth: [2, AuthConfig],
  sandboxConfig: [3, PodSandboxConfig],
});
export const PullImageResponse = message({ imageRef: [1, 'string'] });
export const RemoveImageRequest = message({ image: [1, ImageSpec] });

const NetworkConfig = message({ podCidr: [1, 'string'] });
const RuntimeConfig = message({ networkConfig: [1, NetworkConfig] });
export const UpdateRuntimeConfigRequest = message({ runtimeConfig: [1, RuntimeConfig] });
const RuntimeCondition = message({
  type: [1, 'string'],
  status: [2, 'bool'],
  reason: [3, 'string'],
  message: [4, 'string'],
});
const RuntimeStatus = message({ conditions: [1, [RuntimeCondition]] });
export const StatusRequest = message({ verbose: [1, 'bool'] });
const RuntimeFeatures = message({ supplementalGroupsPolicy: [1, 'bool'] });
export const StatusResponse = message({
  status: [1, RuntimeStatus],
  info: [2, 'map'],
  features: [4, RuntimeFeatures],
});

const FilesystemIdentifier = message({ mountpoint: [1, 'string'] });
const FilesystemUsage = message({
  timestamp: [1, 'time'],
  fsId: [2, FilesystemIdentifier],
  usedBytes: [3, UInt64Value],
  inodesUsed: [4, UInt64Value],
});
export const ImageFsInfoResponse = message({ imageFilesystems: [1, [FilesystemUsage]] });
const CpuUsage = message({
  timestamp: [1, 'time'],
  usageCoreNanoSeconds: [2, UInt64Value],
  usageNanoCores: [3, UInt64Value],
});
const MemoryUsage = message({
  timestamp: [1, 'time'],
  workingSetBytes: [2, UInt64Value],
  availableBytes: [3, UInt64Value],
  usageBytes: [4, UInt64Value],
  rssBytes: [5, UInt64Value],
});
const ContainerAttributes = message({
  id: [1, 'string'],
  metadata: [2, ContainerMetadata],
  labels: [3, 'map'],
  annotations: [4, 'map'],
});
const ContainerStats = message({
  attributes: [1, ContainerAttributes],
  cpu: [2, CpuUsage],
  memory: [3, MemoryUsage],
  writableLayer: [4, FilesystemUsage],
});
export const ContainerStatsResponse = message({ stats: [1, ContainerStats] });
const ContainerStatsFilter = message({ id: [1, 'string'], podSandboxId: [2, 'string'], labelSelector: [3, 'map'] });
export const ListContainerStatsRequest = message({ filter: [1, ContainerStatsFilter] });
export const ListContainerStatsResponse = message({ stats: [1, [ContainerStats]] });
const PodSandboxStatsFilter = message({ id: [1, 'string'], labelSelector: [2, 'map'] });
export const ListPodSandboxStatsRequest = message({ filter: [1, PodSandboxStatsFilter] });
const PodSandboxAttributes = message({ id: [1, 'string'], metadata: [2, PodSandboxMetadata], labels: [3, 'map'] });
const LinuxPodSandboxStats = message({
  cpu: [1, CpuUsage],
  memory: [2, MemoryUsage],
  containers: [5, [ContainerStats]],
});
const PodSandboxStats = message({ attributes: [1, PodSandboxAttributes], linux: [2, LinuxPodSandboxStats] });
export const ListPodSandboxStatsResponse = message({ stats: [1, [PodSandboxStats]] });

export const ContainerEventResponse = message({
  containerId: [1, 'string'],
  containerEventType: [2, 'int32'],
  createdAt: [3, 'time'],
  podSandboxStatus: [4, PodSandboxStatus],
});

export type PodSandboxConfigInput = Input<typeof PodSandboxConfig>;
export type ContainerConfigInput = Input<typeof ContainerConfig>;
export type UpdateContainerResourcesInput = Input<typeof UpdateContainerResourcesRequest>;
export type MountInput = Input<typeof Mount>;
export type LinuxContainerResourcesInput = Input<typeof LinuxContainerResources>;
export type SandboxSecurityInput = Input<typeof LinuxSandboxSecurityContext>;
export type ContainerSecurityInput = Input<typeof LinuxContainerSecurityContext>;
export type SecurityProfileInput = Input<typeof SecurityProfile>;
export type AuthConfigInput = Input<typeof AuthConfig>;
export type PodSandboxStatusInfo = Decoded<typeof PodSandboxStatus>;
export type ContainerStatusInfo = Decoded<typeof ContainerStatus>;
export type ImageInfo = Decoded<typeof Image>;
