// What the controllers ask of a cloud about the machines that its nodes are. Source: Kubernetes' cloud provider interface, InstancesV2.

import type { V1NodeAddress } from '../../../generated/kubernetes.ts';

/** `stopped`: exists, does not run, may run again. */
export type InstanceState = 'running' | 'stopped';

export interface CloudInstance {
  /** As in Node.spec.providerID, such as `aws:///eu-central-1a/i-0123456789abcdef0`. */
  readonly providerID: string;
  readonly state: InstanceState;
  readonly region: string;
  readonly zone: string;
  readonly type: string;
  readonly addresses: readonly V1NodeAddress[];
}

export interface CloudInstances {
  /** Whether a node may be a machine of this cloud: by its providerID, or else by its name. */
  covers(node: CloudNode): boolean;
  /** The machine of a node that it covers; undefined where the cloud has none (any more). Rejects when the cloud does not tell. */
  find(node: CloudNode): Promise<CloudInstance | undefined>;
}

export interface CloudNode {
  readonly name: string;
  readonly providerID: string | undefined;
}
