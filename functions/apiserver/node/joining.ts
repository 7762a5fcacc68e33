// How a node comes to its credentials: it joins once with a token that only lets it join, then renews what it was given.

import type { KeyObject } from 'node:crypto';
import type { Definitions } from '../../../core/api/definition.ts';
import { badRequest, hasReason, StatusError } from '../../../core/machinery/status.ts';
import type { JoinAnswer, JoinRequest, NodeQueueAccess } from '../../../core/node/joining.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import type { Registry, RequestContext, UserInfo } from '../../../core/registry/registry.ts';
import type { NodeTokens } from '../authentication/node-tokens.ts';
import { nodeQueue } from './notifier.ts';

export interface NodeJoining {
  /** `user` is who asks: of group system:bootstrappers. Throws StatusError. */
  join(user: UserInfo, node: string, request: JoinRequest): Promise<JoinAnswer>;
  /** For the node's own agent. */
  renew(node: string, request: JoinRequest): Promise<JoinAnswer>;
}

/** Lends a node access to its own queue, and to nothing else. */
export interface QueueLender {
  lend(node: string, queue: string): Promise<NodeQueueAccess>;
}

export interface JoiningOptions {
  readonly tokens: NodeTokens;
  readonly queue: Queue;
  readonly lender: QueueLender;
  /** A certificate for serving the API to a node's pods, for a public key (SPKI, PEM). Rejects when it is no key. */
  readonly certify: (publicKey: string) => Promise<string>;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly cluster: JoinAnswer['cluster'];
}

/** On a bootstrap token's Secret: it is good for one node. */
const oneTime = 'zeroplane.dev/one-time';

const nodeName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
/** Of users who hold a worker's IAM role. */
const instanceGroup = 'system:bootstrappers:aws';
const tokenUser = 'system:bootstrap:';
const self: RequestContext = { user: { username: 'system:apiserver', groups: ['system:masters'] }, warnings: [] };

export function createJoining(options: JoiningOptions): NodeJoining {
  const { tokens, queue, lender, cluster } = options;
  const admit = async (node: string, { apiKey }: JoinRequest): Promise<JoinAnswer> => {
    const name = nodeQueue(node);
    await queue.create(name);
    const [{ token, expires }, access, apiCertificate] = await Promise.all([
      tokens.issue(node),
      lender.lend(node, name),
      apiKey === undefined ? undefined : certified(options, apiKey),
    ]);
    const answer = { token, expires: expires.toISOString(), queue: access, cluster };
    return apiCertificate === undefined ? answer : { ...answer, apiCertificate };
  };
  return {
    async join(user, node, request) {
      if (!nodeName.test(node))
        throw new StatusError(
          'BadRequest',
          `"${node}" is no name for a node: use lower case letters, digits, "-" and "."`,
        );
      if (user.groups.includes(instanceGroup)) refuseOtherNames(user, node);
      else await refuseTaken(options, node);
      if (user.username.startsWith(tokenUser)) await useUp(options, user.username.slice(tokenUser.length));
      return admit(node, request);
    },
    renew: admit,
  };
}

/** Throws BadRequest. What was read is certified, not the text: PEM may hold more than one block. */
async function certified({ certify }: JoiningOptions, apiKey: unknown): Promise<string> {
  const wrong = badRequest('apiKey: give the public key of an EC P-256 key, SPKI in PEM');
  if (typeof apiKey !== 'string' || apiKey.length > 1000) throw wrong;
  const { readPublicKeyPem } = await import('../../../core/certificates/public-key.ts');
  let key: KeyObject;
  try {
    ({ key } = readPublicKeyPem(apiKey));
  } catch {
    throw wrong;
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw wrong;
  return certify(key.export({ type: 'spki', format: 'pem' }).toString());
}

/** An instance's role session is named for the instance: so is its node, and it may come back under that name. */
function refuseOtherNames(user: UserInfo, node: string): void {
  const instance = user.username.slice(user.username.lastIndexOf(':') + 1);
  if (instance === node) return;
  throw new StatusError('Forbidden', `instance ${instance} may join as node ${JSON.stringify(instance)} only`, {});
}

/** A new machine must not take the place of one that is there: what its pods may read would be its own. */
async function refuseTaken({ registry, definitions }: JoiningOptions, node: string): Promise<void> {
  const definition = definitions.ofType('nodes');
  if (!definition) throw new Error('nodes are not served');
  try {
    await registry.get(self, { definition, name: node });
  } catch (error) {
    if (hasReason(error, 'NotFound')) return;
    throw error;
  }
  throw new StatusError(
    'Conflict',
    `there is a node ${JSON.stringify(node)} already: choose another name, or delete that node if its machine is gone`,
  );
}

/** Of two that join with the same one-time token, one is refused: its Secret can be deleted once. */
async function useUp({ registry, definitions }: JoiningOptions, id: string): Promise<void> {
  const definition = definitions.ofType('secrets');
  if (!definition) throw new Error('secrets are not served');
  const target = { definition, namespace: 'kube-system', name: `bootstrap-token-${id}` };
  const used = new StatusError('Unauthorized', 'the join token was used up: make another with `zeroplane join-token`');
  try {
    const { object } = await registry.get(self, target);
    if (object.metadata.annotations?.[oneTime] !== 'true') return;
    const { uid, resourceVersion } = object.metadata;
    await registry.delete(self, target, {
      preconditions: { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
    });
  } catch (error) {
    throw hasReason(error, 'NotFound', 'Conflict') ? used : error;
  }
}
