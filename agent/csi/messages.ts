// What is said to CSI drivers, and by them: field numbers as data.
// Sources: Container Storage Interface, csi.proto (package csi.v1); Kubernetes, kubelet/pkg/apis/pluginregistration/v1/api.proto.

import type { GrpcMethod } from '../cri/grpc.ts';
import { type Decoded, type Input, type Message, message } from '../cri/wire.ts';

const empty = message({});

/** VolumeCapability.AccessMode.Mode */
export const accessModes = {
  singleNodeWriter: 1,
  multiNodeReaderOnly: 3,
  multiNodeMultiWriter: 5,
  singleNodeSingleWriter: 6,
  singleNodeMultiWriter: 7,
} as const;

/** NodeServiceCapability.RPC.Type */
export const nodeCapabilities = {
  stageUnstageVolume: 1,
  getVolumeStats: 2,
  expandVolume: 3,
  singleNodeMultiWriter: 5,
  volumeMountGroup: 6,
} as const;

/** VolumeUsage.Unit */
export const usageUnits = { bytes: 1, inodes: 2 } as const;

const VolumeCapability = message({
  block: [1, empty],
  mount: [2, message({ fsType: [1, 'string'], mountFlags: [2, ['string']], volumeMountGroup: [3, 'string'] })],
  accessMode: [3, message({ mode: [1, 'int32'] })],
});
export type VolumeCapabilityInput = Input<typeof VolumeCapability>;

const minuteMs = 60_000;

function method<Req extends Message, Res extends Message>(
  path: string,
  request: Req,
  response: Res,
  deadlineMs: number,
) {
  return { path, request, response, deadlineMs } satisfies GrpcMethod<Req, Res>;
}

const node = <Req extends Message, Res extends Message>(name: string, request: Req, response: Res) =>
  method(`/csi.v1.Node/${name}`, request, response, 2 * minuteMs);

export const csiMethods = {
  nodeGetInfo: node(
    'NodeGetInfo',
    empty,
    message({
      nodeId: [1, 'string'],
      maxVolumesPerNode: [2, 'int64'],
      accessibleTopology: [3, message({ segments: [1, 'map'] })],
    }),
  ),
  nodeGetCapabilities: node(
    'NodeGetCapabilities',
    empty,
    message({ capabilities: [1, [message({ rpc: [1, message({ type: [1, 'int32'] })] })]] }),
  ),
  nodeStageVolume: node(
    'NodeStageVolume',
    message({
      volumeId: [1, 'string'],
      publishContext: [2, 'map'],
      stagingTargetPath: [3, 'string'],
      volumeCapability: [4, VolumeCapability],
      secrets: [5, 'map'],
      volumeContext: [6, 'map'],
    }),
    empty,
  ),
  nodeUnstageVolume: node(
    'NodeUnstageVolume',
    message({ volumeId: [1, 'string'], stagingTargetPath: [2, 'string'] }),
    empty,
  ),
  nodePublishVolume: node(
    'NodePublishVolume',
    message({
      volumeId: [1, 'string'],
      publishContext: [2, 'map'],
      stagingTargetPath: [3, 'string'],
      targetPath: [4, 'string'],
      volumeCapability: [5, VolumeCapability],
      readonly: [6, 'bool'],
      secrets: [7, 'map'],
      volumeContext: [8, 'map'],
    }),
    empty,
  ),
  nodeExpandVolume: node(
    'NodeExpandVolume',
    message({
      volumeId: [1, 'string'],
      volumePath: [2, 'string'],
      capacityRange: [3, message({ requiredBytes: [1, 'int64'], limitBytes: [2, 'int64'] })],
      stagingTargetPath: [4, 'string'],
      volumeCapability: [5, VolumeCapability],
      secrets: [6, 'map'],
    }),
    message({ capacityBytes: [1, 'int64'] }),
  ),
  nodeGetVolumeStats: node(
    'NodeGetVolumeStats',
    message({ volumeId: [1, 'string'], volumePath: [2, 'string'], stagingTargetPath: [3, 'string'] }),
    message({
      usage: [1, [message({ available: [1, 'int64'], total: [2, 'int64'], used: [3, 'int64'], unit: [4, 'int32'] })]],
    }),
  ),
  nodeUnpublishVolume: node(
    'NodeUnpublishVolume',
    message({ volumeId: [1, 'string'], targetPath: [2, 'string'] }),
    empty,
  ),
} as const;

const registration = <Req extends Message, Res extends Message>(name: string, request: Req, response: Res) =>
  method(`/pluginregistration.Registration/${name}`, request, response, 10_000);

const PluginInfo = message({
  type: [1, 'string'],
  name: [2, 'string'],
  endpoint: [3, 'string'],
  supportedVersions: [4, ['string']],
});
export type PluginInfo = Decoded<typeof PluginInfo>;

export const registrationMethods = {
  getInfo: registration('GetInfo', empty, PluginInfo),
  notifyRegistrationStatus: registration(
    'NotifyRegistrationStatus',
    message({ pluginRegistered: [1, 'bool'], error: [2, 'string'] }),
    empty,
  ),
} as const;
