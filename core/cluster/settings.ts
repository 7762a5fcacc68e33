// What a function of the control plane knows of its cluster, through environment variables.

import { getOwn } from '../machinery/own.ts';
import { defaultHistoryMs } from '../store/history.ts';

export interface FunctionSettings {
  readonly clusterName: string;
  readonly table: string;
  /** The bucket of large values; without it, objects of more than about 350 KB (compressed) are refused. */
  readonly bucket: string | undefined;
  /** In front of every queue's name. */
  readonly queuePrefix: string;
  /** What a queue's URL is without its name; without it, URLs are asked for. */
  readonly queueUrlBase: string | undefined;
  /** In front of the name of each function that is called by others. */
  readonly functionPrefix: string;
  readonly serviceCIDR: string;
  readonly podCIDR: string;
  readonly clusterDomain: string;
  readonly issuer: string;
  /** An AuthenticationConfiguration, as YAML or JSON. */
  readonly authenticationConfig: string | undefined;
  /** An audit Policy, as YAML or JSON. */
  readonly auditPolicy: string | undefined;
  /** Changes with every deployment: then the cluster's first objects are looked at again. */
  readonly build: string;
  /** Users of system:masters: ARNs of IAM roles. */
  readonly adminRoles: readonly string[];
  /** Workers that join by their IAM identity: ARNs of IAM roles. */
  readonly workerRoles: readonly string[];
  /** Whether nodes may be EC2 instances of this account and region, which the controllers then look up. */
  readonly ec2Nodes: boolean;
  /** The role whose rights, narrowed to one queue, nodes are lent. Without it nodes poll their queue with credentials of their own. */
  readonly nodeQueueRole: string | undefined;
  readonly region: string;
  /** Replicas are brought up to date before a request when they were not for this long, in milliseconds. */
  readonly maxStalenessMs: number;
  /** How often autoscalers look at their metrics, in milliseconds. */
  readonly autoscalerSyncMs: number;
  /** How many invocations the account may have at once, all functions together. */
  readonly concurrency: number;
  /** How long the log is kept, in milliseconds. */
  readonly historyMs: number;
  /** How many plain watches there may be at once. */
  readonly watches: number;
  /** Whether a function of their own serves them. */
  readonly redirectsWatches: boolean;
  /** What machines fetch to become nodes: JSON. Without it they bring the agent themselves. */
  readonly agentPrograms: string | undefined;
  readonly logLevel: string;
  /** Where edges hear that logs have moved: a WebSocket URL. Without it they look by themselves. */
  readonly channelUrl: string | undefined;
  /** By which messages are posted to their connections. */
  readonly connectionsUrl: string | undefined;
  /** Clusters that this one hosts. */
  readonly clusters: HostedLimits;
}

export interface HostedLimits {
  /** How many there may be; 0: none. */
  readonly most: number;
  /** What each may hold. */
  readonly bytes: number;
  readonly objects: number;
}

export const defaultHostedLimits: HostedLimits = { most: 100, bytes: 64 * 1024 * 1024, objects: 10_000 };

/** Nodes report every 75 seconds: who looks more often sees the same again, and each look is an invocation that is paid for. */
const autoscalerSyncMs = 60_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws an Error that names the variable that is missing or wrong. */
export function readSettings(env: Environment): FunctionSettings {
  const clusterDomain = env['ZEROPLANE_CLUSTER_DOMAIN'] || 'cluster.local';
  return {
    clusterName: required(env, 'ZEROPLANE_CLUSTER'),
    table: required(env, 'ZEROPLANE_TABLE'),
    bucket: env['ZEROPLANE_BUCKET'] || undefined,
    queuePrefix: env['ZEROPLANE_QUEUE_PREFIX'] ?? '',
    queueUrlBase: env['ZEROPLANE_QUEUE_URL_BASE'] || undefined,
    functionPrefix: env['ZEROPLANE_FUNCTION_PREFIX'] ?? '',
    serviceCIDR: env['ZEROPLANE_SERVICE_CIDR'] || '10.96.0.0/16',
    podCIDR: env['ZEROPLANE_POD_CIDR'] || '10.244.0.0/16',
    clusterDomain,
    issuer: env['ZEROPLANE_ISSUER'] || `https://kubernetes.default.svc.${clusterDomain}`,
    authenticationConfig: env['ZEROPLANE_AUTHENTICATION_CONFIG'] || undefined,
    auditPolicy: env['ZEROPLANE_AUDIT_POLICY'] || undefined,
    build: env['ZEROPLANE_BUILD'] || 'unknown',
    adminRoles: list(env['ZEROPLANE_ADMIN_ROLES']),
    workerRoles: list(env['ZEROPLANE_WORKER_ROLES']),
    ec2Nodes: env['ZEROPLANE_EC2_NODES'] === 'true',
    nodeQueueRole: env['ZEROPLANE_NODE_QUEUE_ROLE'] || undefined,
    region: required(env, 'AWS_REGION'),
    maxStalenessMs: milliseconds(env, 'ZEROPLANE_MAX_STALENESS_MS', 1000),
    autoscalerSyncMs: milliseconds(env, 'ZEROPLANE_AUTOSCALER_SYNC_MS', autoscalerSyncMs),
    concurrency: wholeNumber(env, 'ZEROPLANE_CONCURRENCY', 1000),
    historyMs: milliseconds(env, 'ZEROPLANE_HISTORY_MS', defaultHistoryMs),
    watches: wholeNumber(env, 'ZEROPLANE_WATCHES', 250),
    redirectsWatches: env['ZEROPLANE_WATCHES_ELSEWHERE'] === 'true',
    agentPrograms: env['ZEROPLANE_AGENT_PROGRAMS'] || undefined,
    logLevel: env['ZEROPLANE_LOG'] || 'info',
    channelUrl: env['ZEROPLANE_CHANNEL_URL'] || undefined,
    connectionsUrl: env['ZEROPLANE_CONNECTIONS_URL'] || undefined,
    clusters: {
      most: wholeNumber(env, 'ZEROPLANE_CLUSTERS', defaultHostedLimits.most, 0),
      bytes: wholeNumber(env, 'ZEROPLANE_CLUSTER_BYTES', defaultHostedLimits.bytes),
      objects: wholeNumber(env, 'ZEROPLANE_CLUSTER_OBJECTS', defaultHostedLimits.objects),
    },
  };
}

function required(env: Environment, name: string): string {
  const value = getOwn(env, name);
  if (!value) throw new Error(`the environment variable ${name} is missing: the function's deployment must set it`);
  return value;
}

function list(value: string | undefined): string[] {
  return (value ?? '').split(',').filter((each) => each !== '');
}

function milliseconds(env: Environment, name: string, otherwise: number): number {
  const value = getOwn(env, name);
  if (value === undefined || value === '') return otherwise;
  const number = Number(value);
  if (!Number.isFinite(number) || number < 0)
    throw new Error(`the environment variable ${name} is ${JSON.stringify(value)}: give milliseconds, such as 1000`);
  return number;
}

function wholeNumber(env: Environment, name: string, otherwise: number, least = 1): number {
  const value = getOwn(env, name);
  if (value === undefined || value === '') return otherwise;
  const number = Number(value);
  if (!Number.isInteger(number) || number < least)
    throw new Error(
      `the environment variable ${name} is ${JSON.stringify(value)}: give a whole number, such as ${otherwise}`,
    );
  return number;
}
