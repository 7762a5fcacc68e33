// What the control plane and a node's agent say to each other. Nodes never watch (D5): a node's queue carries hints and requests to dial
// in, the agent fetches its desired state by cursor, and reports many things in one call. Only the agent dials; nothing dials the node.
//
//   GET  /apis/agent.zeroplane.dev/v1/nodes/{node}/desired?cursor=C   -> DesiredState
//   POST /apis/agent.zeroplane.dev/v1/nodes/{node}/report             Report -> ReportResult
//   GET  /apis/agent.zeroplane.dev/v1/nodes/{node}/streams/{id}       WebSocket: one exec, attach, port-forward, log or stats stream
//   POST /apis/agent.zeroplane.dev/v1/nodes/{node}/streams/{id}       the same in posts (relay.ts), where nothing can be upgraded
//   POST /queues/                                                      SQS' JSON protocol; queue name `node-{node}`
//
// The agent authenticates as `system:node:{node}`, group `system:nodes`, and may only use its own node's paths.

import type { KubeObject } from '../machinery/object.ts';

/** The API group of all of these paths. */
export const agentGroup = 'agent.zeroplane.dev';

/** The resources that a node receives, by log name. Pods: those bound to it; ConfigMaps, Secrets, claims: those its pods name. */
export const nodeResources = [
  'pods',
  'configmaps',
  'secrets',
  'persistentvolumeclaims',
  'persistentvolumes',
  'services',
  'discovery.k8s.io/endpointslices',
  'networking.k8s.io/networkpolicies',
  'namespaces',
  'nodes',
  'node.k8s.io/runtimeclasses',
] as const;

export type NodeResource = (typeof nodeResources)[number];

/** Pods of other nodes that NetworkPolicies of the node's namespaces name, as a node is told of them (policy-peers.ts): stored nowhere. */
export const policyPeers = 'policypeers';

export const receivedResources = [...nodeResources, policyPeers] as const;

export type ReceivedResource = (typeof receivedResources)[number];

export interface ResourceChanges {
  /** New or changed objects, with their resourceVersion. */
  put: KubeObject[];
  /** `namespace/name`, or `name`, of objects that are gone (or no longer this node's business). */
  remove: string[];
  /** `put` is all of this resource: what is not in it must go. */
  whole?: boolean;
}

/** What a node should be, or what changed of it since `cursor`. */
export interface DesiredState {
  /** Opaque; the agent hands it back to get the changes since. */
  cursor: string;
  /** True: `resources` is everything, and what is not in it must go. False: changes since the cursor that was sent. */
  full: boolean;
  resources: Partial<Record<ReceivedResource, ResourceChanges>>;
}

export interface PodReport {
  namespace: string;
  name: string;
  uid: string;
  /** A whole v1.PodStatus. */
  status?: Record<string, unknown>;
  /** All its containers are gone and a deletion was asked for: the API may forget the pod. */
  terminated?: boolean;
}

/** Before the message of an event that stands for many whose messages differ: the server counts them as repeats. */
export const combinedPrefix = '(combined from similar events): ';

/** An event to record about an object (events.k8s.io semantics; the server counts repeats). */
export interface EventReport {
  regarding: { apiVersion: string; kind: string; namespace?: string; name: string; uid: string; fieldPath?: string };
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** RFC 3339. */
  time: string;
}

export interface Report {
  /** Present on the first report and when it changed: labels, spec.podCIDR wishes are ignored; status replaces status. */
  node?: {
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    spec?: { providerID?: string; taints?: unknown[] };
    status: Record<string, unknown>;
  };
  pods?: PodReport[];
  events?: EventReport[];
  /** CPU and memory of the node and its pods' containers, for metrics.k8s.io. */
  usage?: UsageReport;
}

export interface UsageReport {
  /** RFC 3339. */
  time: string;
  windowSeconds: number;
  /** Nanocores and bytes. */
  node: { cpu: number; memory: number };
  pods: { namespace: string; name: string; containers: { name: string; cpu: number; memory: number }[] }[];
}

export interface ReportResult {
  /** One per reported pod, in order: 200, or the code and reason of its Status (404: the pod is gone from the API). */
  pods: { code: number; reason?: string; message?: string }[];
  /** Set when `node` was reported: the Node as stored (podCIDR among it). */
  node?: KubeObject;
}

/** The body of a message on a node's queue. */
export type NodeMessage =
  /** Something that concerns the node changed: fetch desired state. */
  { kind: 'changed' } | DialRequest;

/**
 * A client waits for a stream: dial `/streams/{id}`, or post there where `relayed` says so, or come to the channel (channel/dial.ts), and
 * serve `request`.
 */
export interface DialRequest {
  kind: 'stream';
  id: string;
  request: StreamRequest;
  relayed?: boolean;
  channel?: ChannelOffer;
}

/** What the API server gives an end of a stream on the channel, which it has allowed. */
export interface ChannelOffer {
  /** The channel's, wss. */
  readonly url: string;
  readonly ticket: string;
  /** 32 bytes that only the ends know, in base64url. */
  readonly secret: string;
}

/** What a stream is for. Frames on the WebSocket are binary: one channel byte, then data (the channels of remotecommand v5). */
export type StreamRequest =
  /** Channel 1 carries the log; channel 3 a Status when it fails. */
  | {
      type: 'log';
      namespace: string;
      pod: string;
      uid: string;
      container: string;
      follow: boolean;
      previous: boolean;
      timestamps: boolean;
      sinceSeconds?: number;
      sinceTime?: string;
      tailLines?: number;
      limitBytes?: number;
      stream?: 'All' | 'Stdout' | 'Stderr';
    }
  /** 0 stdin, 1 stdout, 2 stderr, 3 the final Status as JSON, 4 resize JSON, 255 close of the channel named by the next byte. */
  | {
      type: 'exec';
      namespace: string;
      pod: string;
      uid: string;
      container: string;
      command: string[];
      stdin: boolean;
      stdout: boolean;
      stderr: boolean;
      tty: boolean;
    }
  | {
      type: 'attach';
      namespace: string;
      pod: string;
      uid: string;
      container: string;
      stdin: boolean;
      stdout: boolean;
      stderr: boolean;
      tty: boolean;
    }
  /** One connection to the node's own API (agent/node-api), HTTP/1.1. 0: bytes both ways; 255 0: end of that direction. */
  | { type: 'node' }
  /** One TCP connection to `port` of the pod's address. Frames as of `portforward`. */
  | { type: 'connect'; namespace: string; pod: string; uid: string; port: number }
  /** One TCP connection to `port` of the pod's loopback. 0: bytes both ways; 3: an error text; 255 0: end of that direction. */
  | { type: 'portforward'; namespace: string; pod: string; uid: string; port: number };
