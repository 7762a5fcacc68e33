// `zeroplane doctor`: each thing that a machine, a node or a cluster needs, looked at, and what to do where it is not so.

import { existsSync } from 'node:fs';
import { machineFaults } from '../../agent/install/machine-checks.ts';
import { lockHolder, packageLocks } from '../../agent/install/packages.ts';
import { isMissing, nodeRequirements } from '../../agent/install/requirements.ts';
import { readCluster } from '../cluster.ts';
import { type ClusterApiOptions, isOwnCluster, withClusterApi } from '../nodes/cluster-api.ts';
import { processFiles, runningPid } from '../process.ts';
import { type Finding, fault, findingOf, ok, tellFindings, warning } from './finding.ts';
import { nodeChecks } from './node-checks.ts';
import { ownMachineFindings, ownProcesses } from './own-machine.ts';
import { servedChecks } from './served-checks.ts';
import { apiFindings } from './status.ts';

export interface DoctorOptions extends ClusterApiOptions {
  /** Of an API server that the machine should reach. */
  readonly server: string | undefined;
  readonly json: boolean;
}

/** `zeroplane doctor machine`: whether this machine can be, or is, a node. */
export async function machineDoctor(options: DoctorOptions): Promise<void> {
  tellFindings(await machineFindings(options), options);
}

/** `zeroplane doctor node NAME`. */
export async function nodeDoctor(name: string, options: DoctorOptions): Promise<void> {
  tellFindings(await withClusterApi(options, (api) => nodeChecks(api, name, new Date())), options);
}

/** `zeroplane doctor cluster`. */
export async function clusterDoctor(options: DoctorOptions): Promise<void> {
  tellFindings(await clusterChecks(options), options);
}

/** `zeroplane doctor`: the machine, and its cluster where it has one or a kubeconfig names one. */
export async function doctor(options: DoctorOptions): Promise<void> {
  const named = options.kubeconfig ?? process.env['KUBECONFIG'];
  const machine = await machineFindings(options);
  const cluster = readCluster(options.dataDir) || named ? await clusterChecks(options) : [];
  tellFindings([...machine, ...cluster], options);
}

async function machineFindings({ dataDir, server }: DoctorOptions): Promise<Finding[]> {
  const runs = agentRuns(dataDir);
  const { checked } = await machineFaults({ dataDir, ca: undefined, ...(server !== undefined && { server }) });
  const found = checked.map(({ name, fault }) =>
    // Its own agent has kubelet's port, and is no fault.
    name === 'ports' && runs ? ok('ports', 'in use by the agent of this machine') : findingOf(name, fault, 'fine'),
  );
  return [...found, packages()];
}

/** By `up`, or by the installer. */
function agentRuns(dataDir: string): boolean {
  return runningPid(processFiles(dataDir, 'agent')) !== undefined || existsSync('/sys/class/net/zp-pods');
}

function packages(): Finding {
  const missing = nodeRequirements.filter(isMissing);
  if (missing.length === 0) return ok('packages', 'all there');
  const said = `missing: ${missing.map(({ name, why }) => `${name} (${why})`).join(', ')}`;
  const holder = lockHolder(packageLocks);
  if (holder !== undefined)
    return warning('packages', said, `${holder.name} (process ${holder.pid}) is installing: wait for its end`);
  const [apt, dnf] = ['/usr/bin/apt-get', '/usr/bin/dnf'].map((file) => existsSync(file));
  if (apt)
    return warning('packages', said, `apt-get install ${missing.map(({ name }) => name).join(' ')}; \`up\` does it`);
  if (dnf) return warning('packages', said, `dnf install ${missing.map(({ name, dnf: own = name }) => own).join(' ')}`);
  return fault('packages', said, 'there is neither apt nor dnf here: install them yourself');
}

async function clusterChecks(options: DoctorOptions): Promise<Finding[]> {
  const own = isOwnCluster(options) ? readCluster(options.dataDir) : undefined;
  const now = new Date();
  const processes = own && ownProcesses(own);
  const here = own && processes ? ownMachineFindings(own, processes, now) : [];
  if (processes && processes.controlPlane === null) return here;
  const served = await apiFindings(options, now);
  // Of an API that does not answer nothing else is asked.
  if (served.length === 1) return [...here, ...served];
  return [...here, ...served, ...(await withClusterApi(options, (api) => servedChecks(api, now)))];
}
