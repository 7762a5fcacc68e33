// Joins a cluster once, and keeps what the node was given: its token, renewed long before it ends, and its queue.

import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { JoinAnswer, JoinRequest, NodeQueueAccess } from '../../core/node/joining.ts';
import type { EventLog } from '../../core/process/log.ts';
import { createIamToken } from '../../core/signature/iam-token.ts';
import { type ApiClient, ApiError, createApiClient, UnreachableError } from '../api-client/api-client.ts';
import { createBackoff } from '../backoff.ts';
import type { AgentOptions, JoinedOptions, JoinOptions } from '../options.ts';
import { createPodApi, type PodApi } from '../pod-api/pod-api.ts';
import { awsCredentials } from '../queue/aws-credentials.ts';
import { createSqsNodeQueue } from '../queue/sqs-node-queue.ts';
import { JoinError } from './join-error.ts';
import { keepRenewing } from './keep-renewing.ts';
import { type Membership, readMembership, writeMembership } from './membership.ts';
import { makeNodeKey, type NodeKey, needsCertificate, nodeProof, publicKeyOf } from './node-key.ts';
import { pinnedAuthority } from './pinned-authority.ts';

/**
 * Joins, unless this node is a member already, and waits for the API server as long as it takes. Rejects with JoinError when it refuses.
 * What runs from then on keeps the membership renewed.
 */
export async function joinCluster(join: JoinOptions, options: JoinedOptions, log: EventLog): Promise<AgentOptions> {
  let member = await becomeMember(join, options, log);
  const { server, ca } = member;
  const credentials = {
    server,
    ...(ca !== undefined && { ca }),
    get token() {
      return member.answer.token;
    },
  };
  const api = createApiClient(credentials);
  const renew = async (): Promise<JoinAnswer> => {
    member = await renewed(api, member, () => firstJoin(join, options.nodeName, log));
    writeMembership(options.dataDir, member);
    return member.answer;
  };
  // One that was stored may end soon, or have ended; the agent's first requests are made with it.
  const ended = Date.parse(member.answer.expires) <= Date.now();
  if (ended) await untilAnswered(renew, log);
  const keeping = keepRenewing({ renew, justRenewed: ended, random: Math.random, log });
  const { cluster, queue } = member.answer;
  const { clusterCIDR, serviceCIDR, clusterDNS, clusterDomain } = cluster;
  return {
    ...options,
    credentials: {
      server,
      ...(ca !== undefined && { ca }),
      get token() {
        return member.answer.token;
      },
      onRefused: keeping.soon,
    },
    clusterCIDR,
    serviceCIDR,
    clusterDNS,
    clusterDomain,
    heartbeatMs: cluster.heartbeatSeconds * 1000,
    resyncMs: cluster.resyncSeconds * 1000,
    ...(queue.kind === 'sqs' && { queue: createSqsNodeQueue(queue, accessOf(renew)) }),
    ...podApiOf(member, () => member.nodeKey, log),
  };
}

/** As `joinCluster`, and nothing runs then. */
export async function becomeMember(
  join: JoinOptions,
  { dataDir, nodeName }: Pick<JoinedOptions, 'dataDir' | 'nodeName'>,
  log: EventLog,
): Promise<Membership> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const stored = await readMembership(dataDir);
  if (stored?.server === join.server && stored.nodeName === nodeName) return stored;
  const member = await firstJoin(join, nodeName, log);
  writeMembership(dataDir, member);
  return member;
}

/** By its token; when that has ended by its key; when its Node is gone, by what let it join where that may do so again. */
async function renewed(api: ApiClient, member: Membership, again: () => Promise<Membership>): Promise<Membership> {
  const { nodeName, nodeKey, answer } = member;
  const ask = async (headers: Record<string, string>): Promise<Membership> => {
    const given = await api.json<JoinAnswer>('POST', `${pathOf(nodeName)}/credentials`, {
      body: requestOf(nodeKey),
      headers,
    });
    return { ...member, answer: given, nodeKey: certified(nodeKey, given) };
  };
  try {
    return await ask({});
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  try {
    const proof = nodeProof(nodeKey, nodeName, answer, Date.now());
    return await ask({ authorization: `Bearer ${proof}` });
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  return again();
}

function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.code === 401;
}

function podApiOf(
  { server, ca, answer }: Membership,
  nodeKey: () => NodeKey,
  log: EventLog,
): { readonly podApi?: PodApi } {
  const { certificate: first } = nodeKey();
  const address = answer.cluster.apiAddress;
  // Where the cluster gave none, pods reach the API by themselves.
  if (first === undefined) return {};
  const certificate = () => ({ key: nodeKey().key, cert: nodeKey().certificate ?? first });
  return { podApi: createPodApi({ address, server, ...(ca !== undefined && { ca }), certificate, log }) };
}

function requestOf(nodeKey: NodeKey): JoinRequest {
  const key = publicKeyOf(nodeKey);
  return { nodeKey: key, ...(needsCertificate(nodeKey, Date.now()) && { apiKey: key }) };
}

function certified(nodeKey: NodeKey, { apiCertificate }: JoinAnswer): NodeKey {
  return apiCertificate === undefined ? nodeKey : { key: nodeKey.key, certificate: apiCertificate };
}

function pathOf(nodeName: string): string {
  return `/apis/agent.zeroplane.dev/v1/nodes/${encodeURIComponent(nodeName)}`;
}

async function firstJoin(join: JoinOptions, nodeName: string, log: EventLog): Promise<Membership> {
  const { server, proof } = join;
  if (!proof)
    throw new JoinError(
      `this machine is no node of ${server} (any more). Make a token with \`zeroplane node token\` and give it with --token-file FILE ('-' for the standard input) or in ZEROPLANE_TOKEN; on an EC2 worker give --aws`,
    );
  const nodeKey = await makeNodeKey();
  return untilAnswered(async () => {
    const ca = await authorityOf(join);
    const trust = ca !== undefined && { ca };
    const api = createApiClient({ server, ...trust, token: await bearerOf(proof) });
    try {
      const body = { ...requestOf(nodeKey), ...(join.os !== undefined && { os: join.os }) };
      const answer = await api.json<JoinAnswer>('POST', `${pathOf(nodeName)}/join`, { body });
      log.info({ node: nodeName, server }, 'joined');
      return { server, ...trust, nodeName, answer, nodeKey: certified(nodeKey, answer) };
    } catch (error) {
      if (error instanceof ApiError && error.code < 500) throw refused(error, proof);
      throw error;
    } finally {
      api.close();
    }
  }, log);
}

/** PEM; undefined: the machine's own roots count. Rejects with UnreachableError, and with JoinError when it is not the pinned one. */
export async function authorityOf({ server, ca, proof }: JoinOptions): Promise<string | undefined> {
  const pin = proof?.kind === 'token' ? proof.token.authority : undefined;
  return ca ?? (pin === undefined ? undefined : await pinnedAuthority(server, pin));
}

function refused({ code, message }: ApiError, proof: JoinOptions['proof']): JoinError {
  const { expires } = proof?.kind === 'token' ? proof.token : {};
  // The API server forgets tokens that have ended, and cannot tell them from others then.
  const ended = code === 401 && expires && expires.getTime() < Date.now();
  const why = ended && !/expired at/.test(message) ? `it expired at ${expires.toISOString()}. ${message}` : message;
  return new JoinError(`the cluster does not take this machine: ${why}`);
}

/** Tries as long as nobody answers. */
async function untilAnswered<T>(work: () => Promise<T>, log: EventLog): Promise<T> {
  const backoff = createBackoff(500, 30_000, Math.random);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const waits = error instanceof UnreachableError || (error instanceof ApiError && error.code >= 500);
      if (!waits) throw error;
      log.warn({ error: String(error) }, 'cannot join yet; trying again');
      await delay(backoff.next());
    }
  }
}

async function bearerOf(proof: NonNullable<JoinOptions['proof']>): Promise<string> {
  if (proof.kind === 'token') return proof.token.bearer;
  const { clusterName, region } = proof;
  return createIamToken({ clusterName, region, credentials: await awsCredentials(region), now: new Date() });
}

/** The queue's credentials end every hour; a token that is renewed with them, sooner than it must, does no harm. */
function accessOf(renew: () => Promise<JoinAnswer>): () => Promise<Extract<NodeQueueAccess, { kind: 'sqs' }>> {
  return async () => {
    const { queue } = await renew();
    if (queue.kind !== 'sqs') throw new Error('the cluster moved the queue of this node: start the agent again');
    return queue;
  };
}
