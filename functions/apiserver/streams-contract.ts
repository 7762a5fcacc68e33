// The seam between the API server's edge and the streams of pods: log, exec, attach, port-forward.
// The edge authenticates, authorizes and finds the pod; a StreamHandler speaks with the client and, through a broker, the node.

import type { Duplex } from 'node:stream';
import type { KubeObject } from '../../core/machinery/object.ts';
import type { ConnectPod, StreamOpener } from '../../core/node/node-stream.ts';
import type { RequestContext } from '../../core/registry/registry.ts';
import type { ApiResponse, RoutedRequest, UpgradeConnection } from './http.ts';
import type { Query } from './query.ts';

/** Brings a client and a node's agent together: sends the node a wake-up, waits until its agent dials in. */
export interface StreamBroker extends StreamOpener {
  /** The agent's dial-in for the stream `id`. Throws StatusError (NotFound) when nobody waits for it. */
  accept(node: string, id: string, request: RoutedRequest, connection: UpgradeConnection): Promise<void>;
}

export type StreamKind = 'log' | 'exec' | 'attach' | 'portforward';

/** By subresources of pods. */
export const podStreamKinds: ReadonlyMap<string, StreamKind> = new Map<string, StreamKind>([
  ['log', 'log'],
  ['exec', 'exec'],
  ['attach', 'attach'],
  ['portforward', 'portforward'],
]);

/** A request for a stream of a pod that exists, runs on a node, and that the user may use. */
export interface PodStream {
  readonly kind: StreamKind;
  /** The pod as stored (a v1.Pod). */
  readonly pod: KubeObject;
  /** `spec.nodeName`. Never empty. */
  readonly node: string;
  readonly query: Query;
  readonly request: RoutedRequest;
  readonly context: RequestContext;
}

/** Options of the subresource that are wrong are StatusErrors (BadRequest), thrown before anything is written. */
export interface StreamHandler {
  /** Plain HTTP: `log`, and the answer to exec, attach or portforward without an upgrade (400, as Kubernetes gives). */
  respond(stream: PodStream): Promise<ApiResponse>;
  /**
   * An upgrade request for exec, attach or portforward (and log over WebSocket): answers on the socket and owns it from its first
   * byte on. Until then it may throw a StatusError, which the edge writes as the HTTP response.
   */
  upgrade(stream: PodStream, connection: UpgradeConnection): Promise<void>;
  readonly connect: ConnectPod;
  /** A connection to the node's own API, which speaks HTTP/1.1 (nodes/proxy). Throws StatusError as `connect`. */
  connectNode(node: string, signal?: AbortSignal, username?: string): Promise<Duplex>;
  /** The agent of `node` dials in (already authorized as that node). May throw a StatusError before the first byte. */
  accept(node: string, id: string, request: RoutedRequest, connection: UpgradeConnection): Promise<void>;
}
