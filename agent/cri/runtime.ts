// The container runtime as the agent sees it: every CRI call as a typed function with a deadline of its own.

import { getOwn } from '../../core/machinery/own.ts';
import type { CallOptions, GrpcClient, GrpcMethod } from './grpc.ts';
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
const methods = {
  version: runtimeCall('Version', m.VersionRequest, m.VersionResponse, 5),
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

type Methods = typeof methods;
type Calls = {
  readonly [K in keyof Methods]: (
    request: Input<Methods[K]['request']>,
    options?: CallOptions,
  ) => Promise<Decoded<Methods[K]['response']>>;
};

/** A container or sandbox about which something happened; read its status to learn what. */
export interface RuntimeEvent {
  readonly containerId: string;
  readonly kind: 'started' | 'exited' | 'oom' | 'other';
}

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
    Object.entries(methods).map(([name, method]) => [
      name,
      (request: object, options?: CallOptions) => client.call(method as GrpcMethod, request, options),
    ]),
    // Each entry was made from the method of the same name, so the record has the mapped type.
  ) as unknown as Calls;
  return { ...calls, events: (signal) => runtimeEvents(client, signal), close: () => client.close() };
}

const getContainerEvents = runtimeCall('GetContainerEvents', m.Empty, m.ContainerEventResponse);
const subscribe = {
  path: '/containerd.services.events.v1.Events/Subscribe',
  request: m.SubscribeRequest,
  response: m.Envelope,
  deadlineMs: 0,
};
const criEventKinds: readonly RuntimeEvent['kind'][] = ['other', 'started', 'exited', 'other'];
const topics: Readonly<Record<string, RuntimeEvent['kind']>> = {
  '/tasks/start': 'started',
  '/tasks/exit': 'exited',
  '/tasks/oom': 'oom',
};

/** CRI's own events where there are any; containerd 1.6 has none, so its event service is the second choice. */
async function* runtimeEvents(client: GrpcClient, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  try {
    for await (const event of client.stream(getContainerEvents, {}, signal))
      yield { containerId: event.containerId, kind: criEventKinds[event.containerEventType] ?? 'other' };
    return;
  } catch (error) {
    if (!(error instanceof GrpcError) || error.code !== grpcCodes.unimplemented) throw error;
  }
  const request = { filters: ['namespace==k8s.io,topic~="^/tasks/(start|exit|oom)$"'] };
  for await (const envelope of client.stream(subscribe, request, signal)) {
    const kind = getOwn(topics, envelope.topic);
    if (!kind || !envelope.event) continue;
    const containerId = m.taskOf(envelope.topic, envelope.event.value);
    if (containerId !== undefined) yield { containerId, kind };
  }
}
