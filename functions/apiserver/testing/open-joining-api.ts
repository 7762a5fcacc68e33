// An API server that nodes may join, for tests: with tokens of nodes, bootstrap tokens, and credentials that open nothing real.

import { generateKeyPairSync } from 'node:crypto';
import { createLocalQueue } from '../../../core/queue/local/local-queue.ts';
import { nodeTokens } from '../authentication/node-tokens.ts';
import { createJoining } from '../node/joining.ts';
import { nodeKeyField, nodeKeySecret } from '../node/node-keys.ts';
import { openTestApi, type TestApi } from './open-test-api.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keys = [privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()];

const cluster = {
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  clusterDNS: '10.96.0.10',
  apiAddress: '10.96.0.1',
  clusterDomain: 'cluster.local',
  heartbeatSeconds: 60,
  resyncSeconds: 600,
};

interface JoiningOptions {
  readonly now?: () => Date;
  /** Before credentials of a queue are given: it may wait, or fail. */
  readonly beforeIssuing?: () => Promise<void>;
}

export interface JoiningApi extends TestApi {
  /** The token. One-time tokens are used up by the node that joins with them. */
  bootstrapToken(id: string, oneTime: boolean, expiration?: string): Promise<string>;
}

/** A path of the agent's API. */
export function nodePath(node: string, what: string): string {
  return `/apis/agent.zeroplane.dev/v1/nodes/${node}/${what}`;
}

export async function openJoiningApi({
  now = () => new Date(),
  beforeIssuing = async () => {},
}: JoiningOptions = {}): Promise<JoiningApi> {
  const tokens = nodeTokens({
    issuer: 'https://issuer.test',
    keys: () => keys,
    now,
    uidOf: async (node) => (await t.get(`/api/v1/nodes/${node}`)).body.metadata?.uid,
    keyOf: async (uid) => {
      const { data } = (await t.get(`/api/v1/namespaces/kube-system/secrets/${nodeKeySecret(uid)}`)).body;
      return data && Buffer.from(data[nodeKeyField], 'base64');
    },
  });
  const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
  const joining = () =>
    createJoining({
      tokens,
      queue,
      credentials: {
        async issue(_, name) {
          await beforeIssuing();
          return { kind: 'sqs', url: `https://sqs.test/${name}`, region: 'r' };
        },
      },
      certify: async (publicKey) => `certificate for ${publicKey.slice(11, 21)}`,
      registry: t.registry,
      definitions: t.definitions,
      cluster,
    });
  const t: TestApi = await openTestApi({
    now,
    tokenAuthenticators: [tokens],
    joining: {
      join: (user, node, request) => joining().join(user, node, request),
      renew: (user, node, request) => joining().renew(user, node, request),
    },
  });
  for (const namespace of ['kube-system', 'default']) await t.namespace(namespace);
  return {
    ...t,
    async bootstrapToken(id, oneTime, expiration) {
      const base64 = (text: string) => Buffer.from(text).toString('base64');
      await t.post('/api/v1/namespaces/kube-system/secrets', {
        metadata: {
          name: `bootstrap-token-${id}`,
          ...(oneTime && { annotations: { 'zeroplane.dev/one-time': 'true' } }),
        },
        type: 'bootstrap.kubernetes.io/token',
        data: {
          'token-id': base64(id),
          'token-secret': base64('0123456789abcdef'),
          'usage-bootstrap-authentication': base64('true'),
          ...(expiration !== undefined && { expiration: base64(expiration) }),
        },
      });
      return `${id}.0123456789abcdef`;
    },
  };
}
