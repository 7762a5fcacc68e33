// What one machine's cluster is: its addresses and where its files lie. Written at first start, read by every later command.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { addressAt, type Cidr, parseCidr } from '../core/machinery/cidr.ts';
import { toNumber } from '../core/machinery/ipv4.ts';
import { parseJson } from '../core/machinery/json.ts';
import { writePrivateFile } from '../core/process/private-file.ts';
import { defaultHistoryMs } from '../core/store/history.ts';
import { type ClusterLimits, defaultLimits } from './cluster-limits.ts';
import { type ConfigFiles, planConfigFiles } from './config-files.ts';
import { UserError } from './user-error.ts';

export interface Cluster extends ConfigFiles {
  readonly dataDir: string;
  /** Port of the API server on every address of the machine. */
  readonly port: number;
  /** Of IPv4, or of both families with a comma between: the same for both. */
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly clusterDomain: string;
  readonly nodeName: string;
  /** Where the admin kubeconfig is written. */
  readonly kubeconfig: string;
  readonly auditLog: AuditLogOptions;
  /** For how long the API server still answers when it was told to end, and is not ready any more. A cluster of an older version has none. */
  readonly shutdownDelayMs?: number;
  /** How long the log is kept. A cluster of an older version does not say. */
  readonly historyMs?: number;
  /** Pods that name no seccomp profile get the runtime's. A cluster of an older version does not say. */
  readonly seccompDefault?: boolean;
  /** How many clusters it hosts, and how large. A cluster of an older version does not say. */
  readonly clusters?: ClusterLimits;
  /** By which machines in other networks reach this one. */
  readonly nodeExternalIP?: string;
  /** It is one of those. */
  readonly within?: Within;
}

/** Of a cluster that another one's control plane hosts. */
export interface Within {
  readonly name: string;
  /** Where it is served, below the host's URL. */
  readonly path: string;
  /** File of the authority that vouches for the host's API server (PEM). */
  readonly authority: string;
  /** The host's data directory. */
  readonly hostDir: string;
  /** That its store may take. */
  readonly maximumBytes: number;
}

/** Where the audit log goes, and how much of it is kept. It is written while there is a policy. */
export interface AuditLogOptions {
  /** `-`: with the control plane's own log. */
  readonly path: string;
  readonly maxMegabytes: number;
  /** 0: without such a limit. */
  readonly maxBackups: number;
  readonly maxAgeDays: number;
}

export interface ClusterOptions extends ConfigFiles {
  readonly dataDir: string;
  readonly port?: number;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly kubeconfig?: string;
  readonly auditLogPath?: string;
  readonly auditLogMaxsize?: number;
  readonly auditLogMaxbackup?: number;
  readonly auditLogMaxage?: number;
  /** Milliseconds. */
  readonly shutdownDelayDuration?: number;
  /** Milliseconds. */
  readonly history?: number;
  readonly seccompDefault?: boolean;
  /** Of the clusters that it hosts; what is not said is as before. */
  readonly clusters?: Partial<ClusterLimits>;
  /** Empty: none any more. */
  readonly nodeExternalIP?: string;
}

const defaults = { port: 6443, podCIDR: '10.244.0.0/16', serviceCIDR: '10.96.0.0/16', clusterDomain: 'cluster.local' };

/** The cluster in `options.dataDir`: as it was made, or with the options at first start. Options that contradict it are refused. */
export function planCluster(options: ClusterOptions): Cluster {
  const found = readCluster(options.dataDir);
  if (found) {
    refuseChange('--pod-cidr', options.podCidr, found.podCIDR);
    refuseChange('--service-cidr', options.serviceCidr, found.serviceCIDR);
    const { dataDir, podCIDR, serviceCIDR, clusterDomain, nodeName } = found;
    return {
      ...{ dataDir, podCIDR, serviceCIDR, clusterDomain, nodeName },
      port: options.port ?? found.port,
      kubeconfig: options.kubeconfig ?? found.kubeconfig,
      auditLog: planAuditLog(options, found.auditLog),
      shutdownDelayMs: options.shutdownDelayDuration ?? found.shutdownDelayMs ?? 0,
      historyMs: options.history ?? found.historyMs ?? defaultHistoryMs,
      seccompDefault: options.seccompDefault ?? found.seccompDefault ?? false,
      clusters: { ...defaultLimits, ...found.clusters, ...options.clusters },
      ...planExternalIP(options.nodeExternalIP ?? found.nodeExternalIP),
      ...planConfigFiles(options, found),
    };
  }
  return {
    dataDir: options.dataDir,
    port: options.port ?? defaults.port,
    ...planRanges(options.podCidr ?? defaults.podCIDR, options.serviceCidr ?? defaults.serviceCIDR),
    clusterDomain: defaults.clusterDomain,
    nodeName: hostname().toLowerCase(),
    kubeconfig: options.kubeconfig ?? join(options.dataDir, 'admin.kubeconfig'),
    auditLog: planAuditLog(options, undefined),
    shutdownDelayMs: options.shutdownDelayDuration ?? 0,
    historyMs: options.history ?? defaultHistoryMs,
    seccompDefault: options.seccompDefault ?? false,
    clusters: { ...defaultLimits, ...options.clusters },
    ...planExternalIP(options.nodeExternalIP),
    ...planConfigFiles(options, {}),
  };
}

function planExternalIP(address: string | undefined): Pick<Cluster, 'nodeExternalIP'> {
  if (!address) return {};
  if (toNumber(address) === undefined)
    throw new UserError(`--node-external-ip: "${address}" is no IPv4 address ('' for none any more)`);
  return { nodeExternalIP: address };
}

/** `found`: of a cluster that was made before; one of an older version has none. */
function planAuditLog(options: ClusterOptions, found: AuditLogOptions | undefined): AuditLogOptions {
  const path = options.auditLogPath;
  return {
    path:
      path === undefined ? (found?.path ?? join(options.dataDir, 'audit.log')) : path === '-' ? path : resolve(path),
    maxMegabytes: options.auditLogMaxsize ?? found?.maxMegabytes ?? 100,
    maxBackups: options.auditLogMaxbackup ?? found?.maxBackups ?? 10,
    maxAgeDays: options.auditLogMaxage ?? found?.maxAgeDays ?? 0,
  };
}

export function readCluster(dataDir: string): Cluster | undefined {
  const path = join(dataDir, 'cluster.json');
  if (!existsSync(path)) return undefined;
  // as: this program wrote the file; the data directory may have been moved since.
  const stored = parseJson(readFileSync(path, 'utf8')) as Cluster;
  return { ...stored, dataDir };
}

export function saveCluster(cluster: Cluster): void {
  mkdirSync(cluster.dataDir, { recursive: true, mode: 0o700 });
  const path = join(cluster.dataDir, 'cluster.json');
  writePrivateFile(path, `${JSON.stringify(cluster, null, 2)}\n`);
}

/**
 * The address that pods and other machines reach this one by: the first IPv4 that is not loopback, on whatever is no bridge of containers
 * and, where there is none, on the loopback interface. Throws UserError where there is none: a Service has no endpoint on 127.0.0.1.
 */
export function nodeAddress(): string {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (/^(lo|zp|cni|docker|veth|br-)/.test(name)) continue;
    const found = addresses?.find((each) => each.family === 'IPv4' && !each.internal);
    if (found) return found.address;
  }
  const given = networkInterfaces()['lo']?.find(({ family, address }) => family === 'IPv4' && !/^127\./.test(address));
  if (given) return given.address;
  throw new UserError(
    'this machine has no address that pods could reach it by: connect it to a network, or give it one of its own: `ip address add 192.0.2.1/32 dev lo`',
  );
}

interface Lengths {
  readonly shortest: number;
  readonly longest: number;
}

/** How large a range is: nodes have a /24 and a /64 of the pods' each, and cannot be more than what fits into 16 bits of IPv6. */
const lengths = {
  '--pod-cidr': { IPv4: { shortest: 8, longest: 24 }, IPv6: { shortest: 48, longest: 64 } },
  '--service-cidr': { IPv4: { shortest: 8, longest: 28 }, IPv6: { shortest: 64, longest: 124 } },
};

function planRanges(pods: string, services: string): Pick<Cluster, 'podCIDR' | 'serviceCIDR'> {
  const [podCIDRs, serviceCIDRs] = [ranges('--pod-cidr', pods), ranges('--service-cidr', services)];
  if (podCIDRs.length !== serviceCIDRs.length) {
    const [flag, has] = podCIDRs.length > 1 ? ['--service-cidr', services] : ['--pod-cidr', pods];
    throw new UserError(
      `${flag}: ${has} is of one family and the other range of two: give one of each, such as ${flag === '--pod-cidr' ? '10.244.0.0/16,fd00:10:244::/56' : '10.96.0.0/16,fd00:10:96::/112'}`,
    );
  }
  return { podCIDR: podCIDRs.join(','), serviceCIDR: serviceCIDRs.join(',') };
}

function ranges(flag: keyof typeof lengths, value: string): string[] {
  const given = value.split(',').map((each) => each.trim());
  const parsed = given.map((each) => {
    const range = parseCidr(each);
    if (!range || isSpecial(range))
      throw new UserError(`${flag}: ${each} is no range of addresses: give one such as 10.32.0.0/16`);
    const length = Number(each.split('/')[1]);
    const { shortest, longest } = lengths[flag][range.family] satisfies Lengths;
    if (length > longest) throw new UserError(`${flag}: ${each} is too small: give a range of /${longest} or larger`);
    if (length < shortest)
      throw new UserError(`${flag}: ${each} is too large: give a range of /${shortest} or smaller`);
    return { family: range.family, text: `${addressAt(range, 0n)}/${length}` };
  });
  const families = parsed.map(({ family }) => family).join();
  if (families !== 'IPv4' && families !== 'IPv4,IPv6')
    throw new UserError(
      `${flag}: ${value}: a cluster has IPv4, or IPv4 and IPv6 in this order: give 10.32.0.0/16, or 10.32.0.0/16,fd00:10:32::/56`,
    );
  return parsed.map(({ text }) => text);
}

/** Loopback, link-local and multicast addresses of IPv6 are no pod's. */
function isSpecial({ family, first }: Cidr): boolean {
  const top = first >> 120n;
  return family === 'IPv6' && (top === 0n || top === 0xffn || first >> 118n === 0x3fan);
}

function refuseChange(flag: keyof typeof lengths, asked: string | undefined, is: string): void {
  if (asked === undefined || asked === is || ranges(flag, asked).join(',') === is) return;
  throw new UserError(
    `${flag}: this cluster was made with ${is} and cannot change to ${asked}: leave the flag out, or take another --data-dir`,
  );
}
