// How a node comes to its credentials: it joins once with a token that only lets it join, then renews what it was given.

import type { KeyObject } from 'node:crypto';
import type { Definitions } from '../../../core/api/definition.ts';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { dns1123Subdomain } from '../../../core/machinery/names.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { badRequest, hasReason, StatusError } from '../../../core/machinery/status.ts';
import {
  type JoinAnswer,
  type JoinRequest,
  joinedBy,
  type NodeQueueAccess,
  uninitializedTaint,
  windowsTaint,
} from '../../../core/node/joining.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import type { Registry, RequestContext } from '../../../core/registry/registry.ts';
import { type BootstrapSecret, usedBy } from '../authentication/bootstrap-tokens.ts';
import type { NodeTokens } from '../authentication/node-tokens.ts';
import { keepNodeKey } from './node-keys.ts';
import { nodeQueue } from './node-queue.ts';

export interface NodeJoining {
  /** `user` is who asks: of group system:bootstrappers. Throws StatusError. */
  join(user: UserInfo, node: string, request: JoinRequest): Promise<JoinAnswer>;
  /** For the node's own agent, which `user` is, by its own token. */
  renew(user: UserInfo, node: string, request: JoinRequest): Promise<JoinAnswer>;
}

/** Gives a node credentials for its own queue, and for nothing else. */
export interface QueueCredentials {
  issue(node: string, queue: string): Promise<NodeQueueAccess>;
}

export interface JoiningOptions {
  readonly tokens: NodeTokens;
  readonly queue: Queue;
  readonly credentials: QueueCredentials;
  /**
   * A certificate for serving the API to a node's pods, for a public key (SPKI, PEM). Rejects when it is no key. Without it pods reach the
   * API where the Service's endpoints say.
   */
  readonly certify?: (publicKey: string) => Promise<string>;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly cluster: JoinAnswer['cluster'];
}

/** On a bootstrap token's Secret: it is good for one node. */
const oneTime = 'zeroplane.dev/one-time';

/** Of users who hold a worker's IAM role. */
const instanceGroup = 'system:bootstrappers:aws';
const tokenUser = 'system:bootstrap:';
const self: RequestContext = { user: { username: 'system:apiserver', groups: ['system:masters'] }, warnings: [] };

export function createJoining(options: JoiningOptions): NodeJoining {
  const { tokens, queue, credentials, cluster } = options;
  const admit = async (node: string, uid: string, { apiKey, nodeKey }: JoinRequest): Promise<JoinAnswer> => {
    const name = nodeQueue(node);
    await Promise.all([queue.create(name), nodeKey !== undefined && keepKey(options, { name: node, uid }, nodeKey)]);
    const [{ token, expires }, access, apiCertificate] = await Promise.all([
      tokens.issue(node, uid),
      credentials.issue(node, name),
      apiKey === undefined ? undefined : certified(options, apiKey),
    ]);
    const { audience: proofAudience } = tokens;
    const answer = { token, expires: expires.toISOString(), queue: access, uid, proofAudience, cluster };
    return apiCertificate === undefined ? answer : { ...answer, apiCertificate };
  };
  return {
    async join(user, node, request) {
      const [why] = dns1123Subdomain(node);
      if (why !== undefined) throw badRequest(`${JSON.stringify(node)} is no name for a node: ${why}`);
      const instance = user.groups.includes(instanceGroup);
      if (instance) refuseOtherNames(user, node);
      const { uid, made } = await takeName(options, user, node, { instance, os: systemOf(request) });
      try {
        const answer = await admit(node, uid, request);
        // Last: what fails before leaves the token good.
        if (user.username.startsWith(tokenUser)) await useUp(options, user.username.slice(tokenUser.length), node);
        return answer;
      } catch (error) {
        if (made) await giveNameBack(options, node, uid);
        throw error;
      }
    },
    async renew(user, node, request) {
      // A token is of one Node object. Of another that has its name by now, it gets nothing.
      if (user.uid === undefined)
        throw new StatusError('Forbidden', 'only a token of the node itself renews it: join the node anew', {});
      return admit(node, user.uid, request);
    },
  };
}

/** What was read is certified, not the text: PEM may hold more than one block. */
async function certified({ certify }: JoiningOptions, apiKey: unknown): Promise<string | undefined> {
  const key = await readKey('apiKey', apiKey);
  return certify?.(key.export({ type: 'spki', format: 'pem' }).toString());
}

async function keepKey(
  { registry, definitions }: JoiningOptions,
  node: { name: string; uid: string },
  nodeKey: unknown,
): Promise<void> {
  const key = await readKey('nodeKey', nodeKey);
  await keepNodeKey({ registry, definitions, context: self }, node, key.export({ type: 'spki', format: 'der' }));
}

/** Throws BadRequest. */
async function readKey(field: string, text: unknown): Promise<KeyObject> {
  const wrong = badRequest(`${field}: give the public key of an EC P-256 key, SPKI in PEM`);
  if (typeof text !== 'string' || text.length > 1000) throw wrong;
  const { readPublicKeyPem } = await import('../../../core/certificates/public-key.ts');
  let key: KeyObject;
  try {
    ({ key } = readPublicKeyPem(text));
  } catch {
    throw wrong;
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw wrong;
  return key;
}

/** Throws BadRequest. */
function systemOf({ os }: JoinRequest): JoinRequest['os'] {
  if (os === undefined || os === 'linux' || os === 'windows') return os;
  throw badRequest('os: give linux or windows');
}

/** An instance's role session is named for the instance: so is its node, and it may come back under that name. */
function refuseOtherNames(user: UserInfo, node: string): void {
  const instance = user.username.slice(user.username.lastIndexOf(':') + 1);
  if (instance === node) return;
  throw new StatusError('Forbidden', `instance ${instance} may join as node ${JSON.stringify(instance)} only`, {});
}

/**
 * The Node is made with the join: of two that want one name, one gets it. A new machine must not take the place of one that is there,
 * since what its pods may read would be its own; an instance may come back to the Node that it made itself.
 */
async function takeName(
  { registry, definitions }: JoiningOptions,
  user: UserInfo,
  node: string,
  { instance, os }: { readonly instance: boolean; readonly os: JoinRequest['os'] },
): Promise<{ uid: string; made: boolean }> {
  const definition = definitions.ofType('nodes');
  if (!definition) throw new Error('nodes are not served');
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node, annotations: { [joinedBy]: user.username } },
    spec: {
      taints: [
        // No pods before the cloud has told what machine it is.
        ...(instance ? [{ key: uninitializedTaint, value: 'true', effect: 'NoSchedule' }] : []),
        ...(os === 'windows' ? [windowsTaint] : []),
      ],
    },
  };
  try {
    const { object: made } = await registry.create(self, { definition }, object);
    return { uid: made.metadata.uid ?? '', made: true };
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
  if (instance) {
    const { metadata } = (await registry.get(self, { definition, name: node })).object;
    const by = metadata.annotations?.[joinedBy];
    if ((by === undefined || by === user.username) && !metadata.deletionTimestamp)
      return { uid: metadata.uid ?? '', made: false };
  }
  throw new StatusError(
    'Conflict',
    `there is a node ${JSON.stringify(node)} already: choose another name, or delete that node if its machine is gone`,
  );
}

/** Nothing was issued: the name is free again. */
async function giveNameBack({ registry, definitions }: JoiningOptions, node: string, uid: string): Promise<void> {
  const definition = definitions.ofType('nodes');
  if (!definition) throw new Error('nodes are not served');
  await registry.delete(self, { definition, name: node }, { preconditions: { uid } }).catch((error: unknown) => {
    // Somebody else has deleted it.
    if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
  });
}

/**
 * Of two that join with the same one-time token, one is refused: its Secret can be marked once. It stays until it expires, so that who
 * comes too late hears why; one that never expires is deleted.
 */
async function useUp({ registry, definitions }: JoiningOptions, id: string, node: string): Promise<void> {
  const definition = definitions.ofType('secrets');
  if (!definition) throw new Error('secrets are not served');
  const target = { definition, namespace: 'kube-system', name: `bootstrap-token-${id}` };
  const used = new StatusError('Unauthorized', 'the join token was used up: make another with `zeroplane node token`');
  try {
    const { object } = await registry.get(self, target);
    const { annotations = {}, uid, resourceVersion } = object.metadata;
    if (annotations[oneTime] !== 'true') return;
    if (annotations[usedBy] !== undefined) throw used;
    // as: a Secret's data is a map of base64 strings.
    if ((object as BootstrapSecret).data?.['expiration'] === undefined)
      await registry.delete(self, target, {
        preconditions: { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
      });
    else {
      const metadata = { ...object.metadata, annotations: { ...annotations, [usedBy]: node } };
      // With the version that was read: of two updates one is in conflict.
      await registry.update(self, target, { ...object, metadata });
    }
  } catch (error) {
    throw hasReason(error, 'NotFound', 'Conflict') ? used : error;
  }
}
