// What a node's network is asked for, whichever way its system does it.

import type { PolicyPeer } from '../../core/node/policy-peers.ts';
import type {
  V1EndpointSlice,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1Pod,
  V1Service,
} from '../../generated/kubernetes.ts';
import type { Ipv6Network } from './ipv6.ts';
import type { Unreached } from './overlay/plan.ts';
import type { Run } from './run.ts';

export interface NetworkOptions {
  readonly nodeName: string;
  /** IPv4; other nodes reach this one by it. */
  readonly nodeIP: string;
  /** The node's own pod range, from Node.spec.podCIDR. */
  readonly podCIDR: string;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  /** Address of the node's DNS server, inside the service range. */
  readonly clusterDNS: string;
  /** Address of the Service `kubernetes`, where the node serves the API itself; without it the Service has endpoints. */
  readonly apiAddress?: string;
  /** `cluster.local`. */
  readonly clusterDomain: string;
  /** In a cluster of both families: what the node has of IPv6. The fields above are IPv4's. */
  readonly ipv6?: Ipv6Network;
  /** For CNI leases and working files. */
  readonly dataDir: string;
  /** Where containerd looks for the conflist (its `cni.conf_dir`). */
  readonly cniConfDir: string;
  /** Stem of the names of devices and tables: at most 8 characters; `zp` when not given. Nodes in one namespace must differ. */
  readonly prefix?: string;
  /** The node's resolvers, as a file; `/etc/resolv.conf` when not given. */
  readonly resolvConf?: string;
  /** MTU of the pods' network; the kernel's choice when not given. */
  readonly mtu?: number;
  readonly run?: Run;
  /** The file of the node's WireGuard key; without it pods of nodes on other links are not reached. */
  readonly overlayKeyFile?: string;
  /** Told whenever these are others than before: the nodes whose pods are not reached. `others`: how many nodes there are. */
  readonly onUnreached?: (nodes: readonly Unreached[], others: number) => void;
  /** Told once of each thing that the cluster asks of the network and that this system does not do. For people. */
  readonly onUndone?: (what: string) => void;
  /** How often it is checked that nobody flushed our tables, in milliseconds; 30,000 when not given. */
  readonly checkInterval?: number;
  /** Told of failures that the network goes on from (it tries again with the next change, or in a while). */
  readonly onError?: (error: unknown) => void;
}

/** What the cluster wants of the network, whole: the network finds out what changed. */
export interface NetworkState {
  readonly services: readonly V1Service[];
  readonly endpointSlices: readonly V1EndpointSlice[];
  readonly nodes: readonly V1Node[];
  readonly networkPolicies: readonly V1NetworkPolicy[];
  readonly namespaces: readonly V1Namespace[];
  /** This node's. */
  readonly pods: readonly V1Pod[];
  readonly policyPeers: readonly PolicyPeer[];
}

export interface Network {
  /** Devices, kernel switches, CNI configuration, DNS server. Adopts what an earlier run left. Rejects when the node cannot have a network. */
  start(): Promise<void>;
  /** Resolves when the kernel has this state, or a newer one. Failures go to `onError`, and are tried again. */
  apply(state: NetworkState): Promise<void>;
  /** Ends timers and servers; pods keep their connections and Services keep working. */
  stop(): Promise<void>;
  /** `stop`, and takes every table, device, route and lease of ours off the machine. */
  teardown(): Promise<void>;
}
