// How the cluster of this machine is, by what lies on it: its processes, its disk, its certificates.

import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { containerdPaths } from '../../agent/containerd/config.ts';
import type { Cluster } from '../cluster.ts';
import { agentDir } from '../images.ts';
import { processFiles, runningPid } from '../process.ts';
import { certificateFinding } from './cluster-findings.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

const start = 'zeroplane up --detach';
/** Kubelet's own bounds: it evicts below the second. */
const scarce = 0.15;
const full = 0.05;

export interface OwnProcesses {
  readonly controlPlane: number | null;
  readonly agent: number | null;
}

export function ownProcesses({ dataDir }: Cluster): OwnProcesses {
  return {
    controlPlane: runningPid(processFiles(dataDir, 'control-plane')) ?? null,
    agent: runningPid(processFiles(dataDir, 'agent')) ?? null,
  };
}

export function ownMachineFindings(cluster: Cluster, { controlPlane, agent }: OwnProcesses, now: Date): Finding[] {
  const { dataDir } = cluster;
  const log = (name: string) => `${start}; why it ended may stand in ${processFiles(dataDir, name).logFile}`;
  const found = [
    controlPlane === null
      ? fault('control plane', 'stopped', log('control-plane'))
      : ok('control plane', `runs (pid ${controlPlane})`),
  ];
  // A cluster that was only ever started with --no-agent has no such directory.
  if (agent !== null) found.push(ok('agent', `runs (pid ${agent})`));
  else if (existsSync(agentDir(cluster))) found.push(fault('agent', 'stopped', log('agent')));
  else found.push(ok('agent', 'none: this machine runs no pods (--no-agent)'));
  if (agent !== null) found.push(containerd(cluster));
  return [...found, disk(dataDir), ...certificates(dataDir, now)];
}

function containerd(cluster: Cluster): Finding {
  const { pid: file, log } = containerdPaths(agentDir(cluster));
  const [pid = ''] = existsSync(file) ? readFileSync(file, 'utf8').split(/\s/) : [];
  if (pid !== '' && existsSync(`/proc/${pid}`)) return ok('containerd', `runs (pid ${pid})`);
  return fault('containerd', 'stopped: the agent starts it again within seconds', `tail ${log}, if it stays so`);
}

/** The store and containers share the data directory's disk, where nobody moved one of them. */
function disk(dataDir: string): Finding {
  const { bavail, blocks, bsize } = statfsSync(dataDir);
  const share = blocks === 0 ? 1 : bavail / blocks;
  const state = join(dataDir, 'state.db');
  const size = existsSync(state) ? statSync(state).size : 0;
  const text = `${bytes(size)}; ${bytes(bavail * bsize)} free (${Math.round(share * 100)} %) where ${dataDir} lies`;
  const make = `make room there: \`du -xsh ${dataDir}/*\` says what takes it; images that nothing uses go by themselves`;
  if (share < full) return fault('store', `${text}: writes fail when it is full`, make);
  return share < scarce ? warning('store', text, make) : ok('store', text);
}

function certificates(dataDir: string, now: Date): Finding[] {
  const directory = join(dataDir, 'pki');
  const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.crt')) : [];
  const ends = files.flatMap((name) => {
    try {
      const { validTo } = new X509Certificate(readFileSync(join(directory, name)));
      return [{ name, end: new Date(validTo) }];
    } catch {
      return [];
    }
  });
  // The one that ends first speaks for all; each that is near its end has a line.
  ends.sort((a, b) => a.end.getTime() - b.end.getTime());
  const renew = 'zeroplane keys rotate certificates (`zeroplane up` renews what ends within 30 days, too)';
  const findings = ends.map(({ name, end }) => certificateFinding(`certificate ${name}`, end, renew, now));
  const wrong = findings.filter(({ state }) => state !== 'ok');
  const [first] = ends;
  if (wrong.length > 0 || !first) return wrong;
  return [ok('certificates', `${ends.length}, all good until ${first.end.toISOString().slice(0, 10)} or longer`)];
}

function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const at = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
  return `${(count / 1000 ** at).toFixed(at > 2 ? 1 : 0)} ${units[at]}`;
}
