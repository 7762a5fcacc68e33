// `zeroplane status`: what of a cluster is healthy, what is not, why, and what to do next.

import { UnreachableError } from '../../agent/api-client/api-client.ts';
import { readCluster } from '../cluster.ts';
import { type ClusterApiOptions, isOwnCluster, withClusterApi } from '../nodes/cluster-api.ts';
import { UserError } from '../user-error.ts';
import { clusterFindings } from './cluster-findings.ts';
import { viewCluster } from './cluster-view.ts';
import { type Finding, fault, tellFindings } from './finding.ts';
import { ownMachineFindings, ownProcesses } from './own-machine.ts';

export async function status(options: ClusterApiOptions & { readonly json: boolean }): Promise<void> {
  const own = isOwnCluster(options) ? readCluster(options.dataDir) : undefined;
  if (!own && options.kubeconfig === undefined && !process.env['KUBECONFIG'])
    throw new UserError(
      `no cluster in ${options.dataDir}: start one with \`zeroplane up\`, or name another's with --kubeconfig or KUBECONFIG`,
    );
  const now = new Date();
  const processes = own && ownProcesses(own);
  const findings = own && processes ? ownMachineFindings(own, processes, now) : [];
  // Nobody answers where nobody runs.
  if (!processes || processes.controlPlane !== null) findings.push(...(await apiFindings(options, now)));
  if (own && !options.json) console.log(`API at https://127.0.0.1:${own.port}, kubeconfig ${own.kubeconfig}\n`);
  tellFindings(findings, { json: options.json, more: { ...own, ...processes } });
}

export function apiFindings(options: ClusterApiOptions, now: Date): Promise<Finding[]> {
  return withClusterApi(options, async (api) => {
    try {
      return clusterFindings({ view: await viewCluster(api), clientCertificate: api.credentials.cert, now });
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      const next =
        'look whether its machine is up, and whether this one reaches it: `zeroplane logs apiserver` there says more';
      return [fault('API server', error.message, next)];
    }
  });
}
