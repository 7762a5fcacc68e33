// What a node is given when it joins, and again when it renews:
//
//   POST /apis/agent.zeroplane.dev/v1/nodes/{node}/join         with a bootstrap token, or an identity that may join -> JoinAnswer
//   POST /apis/agent.zeroplane.dev/v1/nodes/{node}/credentials  with the node's own token, or a proof of its key      -> JoinAnswer

/** Where the node's queue is, and with what it may poll it. */
export type NodeQueueAccess =
  /** At the API server itself, with the node's own credential. */
  | { readonly kind: 'api' }
  /** In SQS. Without credentials: with those of the machine itself. */
  | {
      readonly kind: 'sqs';
      readonly url: string;
      readonly region: string;
      /** For stand-ins of SQS. */
      readonly endpoint?: string;
      readonly credentials?: {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken: string;
        /** RFC 3339. */
        readonly expiration: string;
      };
    };

/** The body of both. */
export interface JoinRequest {
  /** SPKI in PEM: the node has no certificate for serving the API to its pods, or one that runs out. */
  readonly apiKey?: string;
  /** SPKI in PEM, EC P-256: by a signature of this key (nodeProof) the node comes back when its token has ended. */
  readonly nodeKey?: string;
  /** The system of its machine; Linux where it does not say. */
  readonly os?: 'linux' | 'windows';
}

/** Of a node with Windows from its birth on: pods that do not say which system they are for are for Linux. */
export const windowsTaint = { key: 'os', value: 'windows', effect: 'NoSchedule' } as const;

/**
 * The claims of a proof, a JSON Web Token that the node signs with its key (ES256) and sends in place of its token: `sub` as of its token,
 * `aud` as the join's answer said, `iat` and `exp` at most `longestProofSeconds` apart. It renews the credentials, and allows nothing else.
 */
export const nodeProofIssuer = 'node-key.zeroplane.dev';
export const longestProofSeconds = 600;
/** In the node's tokens and proofs: the uid of its Node. */
export const nodeUidClaim = 'zeroplane.dev/node-uid';
/** Of the user that a proof stands for. */
export const returningNodes = 'zeroplane:returning-nodes';

export interface JoinAnswer {
  /** The node's bearer token. */
  readonly token: string;
  /** RFC 3339. */
  readonly expires: string;
  readonly queue: NodeQueueAccess;
  /** The uid of its Node, and for whom its proofs must be. */
  readonly uid: string;
  readonly proofAudience: string;
  /** PEM, for the key that was sent, signed by the authority that pods know. */
  readonly apiCertificate?: string;
  /** What the agent must know of the cluster. */
  readonly cluster: {
    /** Of one family, or one of each with a comma between, as the next two. */
    readonly clusterCIDR: string;
    readonly serviceCIDR: string;
    readonly clusterDNS: string;
    /** Of the Service `kubernetes`: the node serves the API to its pods there. */
    readonly apiAddress: string;
    readonly clusterDomain: string;
    /** How often the agent reports when nothing changed, in seconds. */
    readonly heartbeatSeconds: number;
    /** How often it fetches its desired state without being told to, in seconds. */
    readonly resyncSeconds: number;
  };
}

/** On a node that registered itself until its cloud has told what machine it is. Source: cloud-controller-manager. */
export const uninitializedTaint = 'node.cloudprovider.kubernetes.io/uninitialized';

/** On a Node: the user with whose right it joined. Not for nodes to change: who may come back to its name follows from it. */
export const joinedBy = 'zeroplane.dev/joined-by';
