// Joins a cluster once, and keeps what the node was given: its token, renewed long before it ends, and its queue.

import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseJson } from '../../core/machinery/json.ts';
import type { JoinAnswer, JoinRequest, NodeQueueAccess } from '../../core/node/joining.ts';
import type { EventLog } from '../../core/process/log.ts';
import { writePrivateFile } from '../../core/process/private-file.ts';
import { createIamToken } from '../../core/signature/iam-token.ts';
import { type ApiClient, ApiError, createApiClient, UnreachableError } from '../api-client/api-client.ts';
import { createBackoff } from '../backoff.ts';
import type { AgentOptions, JoinedOptions, JoinOptions } from '../options.ts';
import { createPodApi, type PodApi } from '../pod-api/pod-api.ts';
import { awsCredentials } from '../queue/aws-credentials.ts';
import { createSqsNodeQueue } from '../queue/sqs-node-queue.ts';
import { makeNodeKey, type NodeKey, needsCertificate, publicKeyOf } from './node-key.ts';

/** What is kept in the data directory: the node's place in its cluster. */
interface Membership {
  readonly server: string;
  readonly nodeName: string;
  readonly answer: JoinAnswer;
  /** For serving the API to the node's pods. */
  readonly nodeKey: NodeKey;
}

/** The token is renewed this often; it is good for days. */
const renewMs = 24 * 3600_000;
const retryRenewMs = 60_000;
const soonMs = 1000;

/** Joins, unless this node is a member already, and waits for the API server as long as it takes. Throws ApiError when it refuses. */
export async function joinCluster(join: JoinOptions, options: JoinedOptions, log: EventLog): Promise<AgentOptions> {
  const file = path.join(options.dataDir, 'membership.json');
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const stored = await read(file);
  const known = stored?.server === join.server && stored.nodeName === options.nodeName ? stored : undefined;
  let member: Membership;
  if (known && Date.parse(known.answer.expires) > Date.now()) member = known;
  else {
    member = await firstJoin(join, options.nodeName, log);
    write(file, member);
  }
  let current = member.answer;
  let { nodeKey } = member;
  const credentials = {
    server: join.server,
    ...(join.ca !== undefined && { ca: join.ca }),
    get token() {
      return current.token;
    },
  };
  const api = createApiClient(credentials);
  const renew = async (): Promise<JoinAnswer> => {
    try {
      const body = requestOf(nodeKey);
      current = await api.json<JoinAnswer>('POST', `${pathOf(options.nodeName)}/credentials`, { body });
      nodeKey = certified(nodeKey, current);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 401)) throw error;
      // Its Node was deleted, or it was away for too long: what let it join may let it join again.
      member = await firstJoin(join, options.nodeName, log);
      current = member.answer;
      nodeKey = member.nodeKey;
    }
    write(file, { ...member, answer: current, nodeKey });
    return current;
  };
  // One that was stored may have ended meanwhile.
  keepRenewing(renew, known ? soonMs : renewMs, log);
  const { cluster, queue } = current;
  const { clusterCIDR, serviceCIDR, clusterDNS, clusterDomain } = cluster;
  return {
    ...options,
    credentials,
    clusterCIDR,
    serviceCIDR,
    clusterDNS,
    clusterDomain,
    heartbeatMs: cluster.heartbeatSeconds * 1000,
    resyncMs: cluster.resyncSeconds * 1000,
    ...(queue.kind === 'sqs' && { queue: createSqsNodeQueue(queue, accessOf(renew)) }),
    ...podApiOf(join, cluster.apiAddress, () => nodeKey, log),
  };
}

function podApiOf(
  { server, ca }: JoinOptions,
  address: string,
  nodeKey: () => NodeKey,
  log: EventLog,
): { readonly podApi?: PodApi } {
  const { certificate: first } = nodeKey();
  // The cluster's answer to the key that was sent is a certificate.
  if (first === undefined) return {};
  const certificate = () => ({ key: nodeKey().key, cert: nodeKey().certificate ?? first });
  return { podApi: createPodApi({ address, server, ...(ca !== undefined && { ca }), certificate, log }) };
}

function requestOf(nodeKey: NodeKey): JoinRequest {
  return needsCertificate(nodeKey, Date.now()) ? { apiKey: publicKeyOf(nodeKey) } : {};
}

function certified(nodeKey: NodeKey, { apiCertificate }: JoinAnswer): NodeKey {
  return apiCertificate === undefined ? nodeKey : { key: nodeKey.key, certificate: apiCertificate };
}

function pathOf(nodeName: string): string {
  return `/apis/agent.zeroplane.dev/v1/nodes/${encodeURIComponent(nodeName)}`;
}

async function firstJoin(join: JoinOptions, nodeName: string, log: EventLog): Promise<Membership> {
  const backoff = createBackoff(500, 30_000, Math.random);
  const nodeKey = await makeNodeKey();
  for (;;) {
    let api: ApiClient | undefined;
    try {
      api = createApiClient({
        server: join.server,
        ...(join.ca !== undefined && { ca: join.ca }),
        token: await proofOf(join.proof),
      });
      const answer = await api.json<JoinAnswer>('POST', `${pathOf(nodeName)}/join`, { body: requestOf(nodeKey) });
      log.info({ node: nodeName, server: join.server }, 'joined');
      return { server: join.server, nodeName, answer, nodeKey: certified(nodeKey, answer) };
    } catch (error) {
      const waits = error instanceof UnreachableError || (error instanceof ApiError && error.code >= 500);
      if (!waits) throw error;
      log.warn({ error: String(error) }, 'cannot join yet; trying again');
      await delay(backoff.next());
    } finally {
      api?.close();
    }
  }
}

async function proofOf(proof: JoinOptions['proof']): Promise<string> {
  if (proof.kind === 'token') return proof.token;
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

function keepRenewing(renew: () => Promise<JoinAnswer>, firstMs: number, log: EventLog): void {
  const again = (ms: number) => setTimeout(() => void attempt(), ms).unref();
  const attempt = async () => {
    try {
      await renew();
      again(renewMs);
    } catch (error) {
      log.warn({ error: String(error) }, 'the credentials could not be renewed; trying again');
      again(retryRenewMs);
    }
  };
  again(firstMs);
}

async function read(file: string): Promise<Membership | undefined> {
  try {
    // as: this program wrote it.
    return parseJson(await readFile(file, 'utf8')) as Membership;
  } catch {
    // None yet, or broken: the node joins anew.
    return undefined;
  }
}

function write(file: string, membership: Membership): void {
  writePrivateFile(file, JSON.stringify(membership));
}
