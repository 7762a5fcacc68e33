// What a deployment may be told, as CDK context: `npx cdk deploy -c cluster=prod -c workers=2`. Everything has a default.

import { readFileSync } from 'node:fs';
import type { Node } from 'constructs';
import { parse } from 'yaml';
import { defaultHostedLimits, type HostedLimits } from '../core/cluster/settings.ts';
import { errorText } from '../core/machinery/error-text.ts';
import { leastTableHistoryMs, readHistory } from '../core/store/history.ts';
import { workers } from '../core/work/workers.ts';
import { trustConfiguration, trustDefaults } from '../functions/apiserver/authentication/trust/trust-configuration.ts';

export interface ClusterOptions {
  /** Part of every resource's name: several clusters share an account. */
  readonly name: string;
  readonly serviceCIDR: string;
  readonly podCIDR: string;
  readonly clusterDomain: string;
  /** Instances of the worker group; 0: none is made. */
  readonly workers: number;
  readonly workerInstanceType: string;
  /** An AMI; without it each deployment takes the newest of Ubuntu 24.04. */
  readonly workerImage: string | undefined;
  /** Nodes may be EC2 instances of this account and region: they are looked up there. Default: when there is a worker group. */
  readonly ec2Nodes: boolean;
  /** How often autoscalers look at their metrics, 15 or more. */
  readonly autoscalerSyncSeconds: number;
  /** Encrypt with a key of the account's own ($1 a month) instead of keys that AWS owns. */
  readonly ownKey: boolean;
  /** A folder of programs that machines fetch to become nodes; empty: they bring the agent themselves. */
  readonly agentPrograms: string;
  /** A table and a bucket that another stack left, or that were restored: they are taken up. Both empty: new ones are made. */
  readonly tableName: string;
  readonly bucketName: string;
  /** An AuthenticationConfiguration as JSON, from the file that the context names. */
  readonly authenticationConfig: string | undefined;
  /** An audit Policy as JSON, from the file that the context names. */
  readonly auditPolicy: string | undefined;
  /** How long the log is kept for those who ask about the past. */
  readonly historyMs: number;
  /** Lambda's quota of the account, which a user's requests that last take a share of. */
  readonly concurrency: number;
  /** How many invocations functions may have at once: with `reserves` at most and for themselves, else only watches at most. */
  readonly atOnce: AtOnce;
  /** Whether AWS is to keep these for them: it wants 100 left for other functions, which a new account has not. */
  readonly reserves: boolean;
  /** Clusters that this one hosts: how many, and what each may hold. */
  readonly clusters: HostedLimits;
  /** Requests a second that the API takes, and how many at once above it. */
  readonly throttle: { readonly rate: number; readonly burst: number };
}

export interface AtOnce {
  readonly read: number;
  readonly watch: number;
  readonly write: number;
  readonly node: number;
  readonly hosted: number;
  /** Each of them. */
  readonly worker: number;
}

function image(value: string): string | undefined {
  if (value === '') return undefined;
  if (!/^ami-[0-9a-f]{8,17}$/.test(value))
    throw new Error(`-c workerImage=${value}: give an AMI, such as ami-0123456789abcdef0`);
  return value;
}

/** Throws an Error that names the context key, what is wrong, and what to give. */
export function readOptions(node: Node): ClusterOptions {
  const text = (key: string, otherwise: string): string => {
    const value: unknown = node.tryGetContext(key);
    return value === undefined ? otherwise : String(value);
  };
  const count = (key: string, otherwise: number): number => {
    const value = Number(text(key, String(otherwise)));
    if (!Number.isInteger(value) || value < 0)
      throw new Error(`-c ${key}=${text(key, '')}: give a whole number, such as ${otherwise}`);
    return value;
  };
  const flag = (key: string, otherwise: boolean): boolean => {
    const value = text(key, String(otherwise));
    if (value !== 'true' && value !== 'false') throw new Error(`-c ${key}=${value}: give true or false`);
    return value === 'true';
  };
  const range = (key: string, otherwise: string): string => {
    const value = text(key, otherwise);
    if (!/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(value))
      throw new Error(`-c ${key}=${value}: give an IPv4 range, such as ${otherwise}`);
    return value;
  };
  const autoscalerSyncSeconds = count('autoscalerSyncSeconds', 60);
  if (autoscalerSyncSeconds < 15)
    throw new Error(
      `-c autoscalerSyncSeconds=${autoscalerSyncSeconds}: give 15 or more; nodes report every 75 seconds`,
    );
  const name = text('cluster', 'zeroplane');
  if (!/^[a-z][a-z0-9-]{0,29}$/.test(name))
    throw new Error(`-c cluster=${name}: give at most 30 lower case letters, digits and "-", a letter first`);
  const authenticationConfig = authentication(text);
  const auditPolicy = configFile('auditPolicy', text('auditPolicy', ''));
  const together = Buffer.byteLength(`${authenticationConfig ?? ''}${auditPolicy ?? ''}`);
  if (together > maximumConfigBytes)
    throw new Error(
      `-c auditPolicy=${text('auditPolicy', '')}: with authenticationConfig it has ${together} bytes as JSON, and functions take ${maximumConfigBytes}`,
    );
  const concurrency = Math.max(1, count('concurrency', 1000));
  const reserves = flag('reserve', text('concurrency', '') !== '' && concurrency >= smallestDivided);
  return {
    name,
    serviceCIDR: range('serviceCIDR', '10.96.0.0/16'),
    podCIDR: range('podCIDR', '10.244.0.0/16'),
    clusterDomain: text('clusterDomain', 'cluster.local'),
    workers: count('workers', 0),
    workerInstanceType: text('workerInstanceType', 't4g.small'),
    workerImage: image(text('workerImage', '')),
    ec2Nodes: flag('ec2Nodes', count('workers', 0) > 0),
    autoscalerSyncSeconds,
    ownKey: flag('ownKey', false),
    agentPrograms: text('agentPrograms', ''),
    ...keptNames(text('tableName', ''), text('bucketName', '')),
    authenticationConfig,
    auditPolicy,
    historyMs: history(text('history', '1d')),
    concurrency,
    reserves,
    atOnce: atOnceOf(concurrency, reserves, count),
    clusters: {
      most: count('clusters', defaultHostedLimits.most),
      bytes: Math.max(1, count('clusterMegabytes', defaultHostedLimits.bytes / megabyte)) * megabyte,
      objects: Math.max(1, count('clusterObjects', defaultHostedLimits.objects)),
    },
    throttle: { rate: count('requestsPerSecond', 500), burst: count('burst', 1000) },
  };
}

function keptNames(tableName: string, bucketName: string) {
  if (tableName === '' && bucketName === '') return { tableName, bucketName };
  if (!/^[a-zA-Z0-9_.-]{3,255}$/.test(tableName))
    throw new Error(`-c tableName=${tableName}: give the name of a table, as the output Kept of its stack says it`);
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucketName))
    throw new Error(
      `-c bucketName=${bucketName}: give the bucket of that table's large values, as the output Kept of its stack says it`,
    );
  return { tableName, bucketName };
}

function history(text: string): number {
  const value = readHistory(text);
  if (value !== undefined && value >= leastTableHistoryMs) return value;
  throw new Error(`-c history=${text}: give how long the log is kept, a day or more, such as 7d or 36h`);
}

const megabyte = 1024 * 1024;

/** What Lambda leaves to functions without a reservation. */
const unreserved = 100;
/** A quota that is worth dividing. */
const smallestDivided = 200;

function atOnceOf(concurrency: number, reserves: boolean, count: (key: string, otherwise: number) => number): AtOnce {
  const divided = reserves ? concurrency - unreserved : concurrency;
  const part = (key: string, fraction: number) => Math.max(1, count(key, Math.floor(divided * fraction)));
  const atOnce = {
    read: part('reads', 0.25),
    // A user may have a quarter of what they leave: of five, one.
    watch: Math.max(5, part('watches', 0.25)),
    write: part('writes', 0.1),
    node: part('nodes', 0.1),
    hosted: part('hosted', 0.1),
    worker: Math.max(2, count('workersAtOnce', 5)),
  };
  const sum = atOnce.read + atOnce.watch + atOnce.write + atOnce.node + atOnce.hosted + workers.length * atOnce.worker;
  if (reserves && sum > divided)
    throw new Error(
      `-c reserve: reads, watches, writes, nodes, hosted and ${workers.length} times workersAtOnce come to ${sum}, and of ${concurrency} Lambda lets ${Math.max(0, divided)} be reserved: ` +
        'give less of them, the quota of the account as -c concurrency, or -c reserve=false',
    );
  return atOnce;
}

/** A function's environment takes 4 KB in all, and its other variables need some of that. */
const maximumConfigBytes = 2500;

/** Of the file, or of whose pipelines are trusted: `-c trust=github:acme,gitlab:group`. */
function authentication(text: (key: string, otherwise: string) => string): string | undefined {
  const file = configFile('authenticationConfig', text('authenticationConfig', ''));
  const trust = text('trust', '');
  if (trust === '') return file;
  if (file !== undefined)
    throw new Error(
      '-c trust and -c authenticationConfig: one file says which issuers are trusted: put into yours what `zeroplane trust --configuration` prints',
    );
  let made: string;
  try {
    const audience = text('trustAudience', trustDefaults.audience);
    made = JSON.stringify(trustConfiguration({ ...trustDefaults, trust: trust.split(','), audience }));
  } catch (error) {
    throw new Error(`-c trust: ${errorText(error)}`, { cause: error });
  }
  if (Buffer.byteLength(made) > maximumConfigBytes)
    throw new Error(`-c trust: it comes to ${Buffer.byteLength(made)} bytes, and functions take ${maximumConfigBytes}`);
  return made;
}

/** The JSON of a YAML or JSON file; undefined where no file is named. Whether it is right is for `app.ts` to check. */
function configFile(key: string, path: string): string | undefined {
  if (path === '') return undefined;
  let text: string;
  try {
    text = JSON.stringify(parse(readFileSync(path, 'utf8'), { version: '1.1' }));
  } catch (error) {
    throw new Error(`-c ${key}=${path}: ${errorText(error)}`, { cause: error });
  }
  if (Buffer.byteLength(text) > maximumConfigBytes)
    throw new Error(
      `-c ${key}=${path}: it has ${Buffer.byteLength(text)} bytes as JSON, and functions take ${maximumConfigBytes}`,
    );
  return text;
}
