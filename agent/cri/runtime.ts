// The container runtime as the agent sees it: every CRI call as a typed function with a deadline of its own.

import { besideCri, type EventSource, type RuntimeEvent } from './beside-cri.ts';
import type { CallOptions, GrpcMethod } from './grpc.ts';
import { createGrpcClient, GrpcError, grpcCodes } from './grpc.ts';
import * as m from './messages.ts';
import type { Decoded, Input, Message } from './wire.ts';

const seconds = 1000;

function runtimeCall<Req extends Message, Res extends Message>(
  name: string,
  request: Req,
  response: Res,
  deadline = 120,
) {
  return { path: `/runtime.v1.RuntimeService/${name}`, request, response, deadlineMs: deadline * seconds };
}

function imageCall<Req extends Message, Res extends Message>(
  name: string,
  request: Req,
  response: Res,
  deadline = 120,
) {
  return { path: `/runtime.v1.ImageService/${name}`, request, response, deadlineMs: deadline * seconds };
}

/** Deadlines in seconds. A sandbox runs CNI plugins; a pull moves gigabytes; reads are quick or broken. */
export const criMethods = {
  version: runtimeCall('Version', m.VersionRequest, m.VersionResponse, 5),
  runtimeConfig: runtimeCall('RuntimeConfig', m.Empty, m.RuntimeConfigResponse, 10),
  status: runtimeCall('Status', m.StatusRequest, m.StatusResponse, 10),
  updateRuntimeConfig: runtimeCall('UpdateRuntimeConfig', m.UpdateRuntimeConfigRequest, m.Empty, 10),
  runPodSandbox: runtimeCall('RunPodSandbox', m.RunPodSandboxRequest, m.RunPodSandboxResponse, 240),
  stopPodSandbox: runtimeCall('StopPodSandbox', m.PodSandboxIdRequest, m.Empty),
  removePodSandbox: runtimeCall('RemovePodSandbox', m.PodSandboxIdRequest, m.Empty),
  podSandboxStatus: runtimeCall('PodSandboxStatus', m.PodSandboxIdRequest, m.PodSandboxStatusResponse, 30),
  listPodSandbox: runtimeCall('ListPodSandbox', m.ListPodSandboxRequest, m.ListPodSandboxResponse, 30),
  createContainer: runtimeCall('CreateContainer', m.CreateContainerRequest, m.CreateContainerResponse),
  startContainer: runtimeCall('StartContainer', m.ContainerIdRequest, m.Empty),
  /** The caller passes a deadline above the container's grace period. */
  stopContainer: runtimeCall('StopContainer', m.StopContainerRequest, m.Empty),
  removeContainer: runtimeCall('RemoveContainer', m.ContainerIdRequest, m.Empty),
  listContainers: runtimeCall('ListContainers', m.ListContainersRequest, m.ListContainersResponse, 30),
  containerStatus: runtimeCall('ContainerStatus', m.ContainerStatusRequest, m.ContainerStatusResponse, 30),
  updateContainerResources: runtimeCall('UpdateContainerResources', m.UpdateContainerResourcesRequest, m.Empty, 30),
  reopenContainerLog: runtimeCall('ReopenContainerLog', m.ContainerIdRequest, m.Empty, 30),
  execSync: runtimeCall('ExecSync', m.ExecSyncRequest, m.ExecSyncResponse),
  exec: runtimeCall('Exec', m.ExecRequest, m.StreamUrlResponse, 30),
  attach: runtimeCall('Attach', m.AttachRequest, m.StreamUrlResponse, 30),
  portForward: runtimeCall('PortForward', m.PortForwardRequest, m.StreamUrlResponse, 30),
  containerStats: runtimeCall('ContainerStats', m.ContainerIdRequest, m.ContainerStatsResponse, 30),
  listContainerStats: runtimeCall('ListContainerStats', m.ListContainerStatsRequest, m.ListContainerStatsResponse, 30),
  listPodSandboxStats: runtimeCall(
    'ListPodSandboxStats',
    m.ListPodSandboxStatsRequest,
    m.ListPodSandboxStatsResponse,
    30,
  ),
  listImages: imageCall('ListImages', m.ListImagesRequest, m.ListImagesResponse, 30),
  imageStatus: imageCall('ImageStatus', m.ImageStatusRequest, m.ImageStatusResponse, 30),
  pullImage: imageCall('PullImage', m.PullImageRequest, m.PullImageResponse, 1800),
  removeImage: imageCall('RemoveImage', m.RemoveImageRequest, m.Empty),
  imageFsInfo: imageCall('ImageFsInfo', m.Empty, m.ImageFsInfoResponse, 30),
} as const;

type Methods = typeof criMethods;
type Calls = {
  readonly [K in keyof Methods]: (
    request: Input<Methods[K]['request']>,
    options?: CallOptions,
  ) => Promise<Decoded<Methods[K]['response']>>;
};

/** Every call throws GrpcError. */
export interface ContainerRuntime extends Calls {
  /** Events until the runtime goes away (then it throws GrpcError) or `signal` aborts. */
  events(signal: AbortSignal): AsyncGenerator<RuntimeEvent>;
  close(): void;
}

/** `endpoint`: `unix:///path/to.sock` or a path. Connects on first use and after every loss. */
export function connectRuntime(endpoint: string): ContainerRuntime {
  const client = createGrpcClient(endpoint);
  const calls = Object.fromEntries(
    Object.entries(criMethods).map(([name, method]) => [
      name,
      (request: object, options?: CallOptions) => client.call(method as GrpcMethod, request, options),
    ]),
    // Each entry was made from the method of the same name, so the record has the mapped type.
  ) as unknown as Calls;
  return { ...calls, events: (signal) => runtimeEvents({ ...calls, client }, signal), close: () => client.close() };
}

const getContainerEvents = runtimeCall('GetContainerEvents', m.Empty, m.ContainerEventResponse);
const criEventKinds: readonly RuntimeEvent['kind'][] = ['other', 'started', 'exited', 'other'];

/** CRI's own events where there are any: containerd 1.6 and cri-dockerd have none, and CRI-O only where it is told to. */
async function* runtimeEvents(from: Calls & EventSource, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  try {
    for await (const event of from.client.stream(getContainerEvents, {}, signal))
      yield { containerId: event.containerId, kind: criEventKinds[event.containerEventType] ?? 'other' };
    return;
  } catch (error) {
    // Each has its own code for what it does not serve.
    if (!(error instanceof GrpcError) || error.code === grpcCodes.unavailable) throw error;
  }
  const { runtimeName } = await from.version({ version: 'v1' });
  yield* besideCri(runtimeName).events(from, signal);
}
