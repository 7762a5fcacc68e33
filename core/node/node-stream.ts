// The control plane's end of a stream to a node's agent, and connections to pods made of it. Nothing dials a node: whoever opens one puts a
// request on the node's queue, and the agent comes.

import type { Duplex } from 'node:stream';
import type { StreamRequest } from './protocol.ts';

/** A stream between the control plane and one node's agent: frames as protocol.ts describes them, in order. */
export interface NodeStream {
  /** Ends when the agent closes it. */
  readonly frames: AsyncIterable<Uint8Array>;
  /** Resolves when the frame was handed on and more may come (back-pressure). Rejects after the stream ended. */
  send(frame: Uint8Array): Promise<void>;
  /** As of a FrameSocket. */
  deserted(): Promise<void>;
  close(): void;
}

export interface StreamOpener {
  /**
   * Sends the node a wake-up. Throws StatusError (ServiceUnavailable) when its node is unknown, or the agent does not come in time;
   * that may be told by the frames.
   */
  open(node: string, request: StreamRequest, signal?: AbortSignal): Promise<NodeStream>;
}

/** A port of a pod that runs on a node. */
export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly node: string;
  readonly port: number;
}

/**
 * A connection to the pod's address, for what the control plane itself asks of it (proxy, webhooks, extension servers). Throws StatusError
 * when the node does not answer, TooManyRequests when the user has too many there already: `username` is for whom it is, where it is for one; the socket fails when the port does not.
 */
export type ConnectPod = (port: PodPort, signal?: AbortSignal, username?: string) => Promise<Duplex>;
