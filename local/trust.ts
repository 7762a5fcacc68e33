// `up --trust github:acme`: the AuthenticationConfiguration that this comes to, in a file of the cluster's, and what those may do.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createApiClient } from '../agent/api-client/api-client.ts';
import { errorText } from '../core/machinery/error-text.ts';
import { writePrivateFile } from '../core/process/private-file.ts';
import {
  type TrustOptions,
  trustConfiguration,
  trustObjects,
} from '../functions/apiserver/authentication/trust/trust-configuration.ts';
import { TrustError } from '../functions/apiserver/authentication/trust/trusted.ts';
import { type Cluster, readCluster } from './cluster.ts';
import type { Pki } from './pki.ts';
import { UserError } from './user-error.ts';

export interface TrustFlags extends Omit<TrustOptions, 'certificateAuthority'> {
  /** A file with PEM. */
  readonly certificateAuthority: string | undefined;
}

export interface TrustPlan {
  /** Of the AuthenticationConfiguration; empty: there is none any more. */
  readonly path: string;
  readonly text: string;
  readonly objects: ReturnType<typeof trustObjects> | undefined;
}

/** Throws UserError. */
export function planTrust(dataDir: string, flags: TrustFlags): TrustPlan {
  if (flags.trust.every((each) => each === '')) return { path: '', text: '', objects: undefined };
  const options = readTrustFlags(flags);
  try {
    const path = join(dataDir, 'trust', 'authentication.json');
    const other = readCluster(dataDir)?.authenticationConfig;
    if (other !== undefined && other !== path)
      throw new UserError(
        `--trust: the cluster has ${other} (--authentication-config): put into it what \`zeroplane trust --configuration\` prints, or take it away with --authentication-config ''`,
      );
    const text = `${JSON.stringify(trustConfiguration(options), null, 2)}\n`;
    return { path, text, objects: trustObjects(options) };
  } catch (error) {
    if (error instanceof TrustError) throw new UserError(`--trust: ${error.message}`);
    throw error;
  }
}

function readTrustFlags({ certificateAuthority, ...flags }: TrustFlags): TrustOptions {
  if (certificateAuthority === undefined) return flags;
  try {
    return { ...flags, certificateAuthority: readFileSync(certificateAuthority, 'utf8') };
  } catch (error) {
    throw new UserError(`--trust-certificate-authority: cannot read ${certificateAuthority}: ${errorText(error)}`);
  }
}

/** `running`: the control plane has read the file, and reads it no more. Throws UserError. */
export function writeTrust({ path, text }: TrustPlan, running: boolean): void {
  if (path === '' || (existsSync(path) && readFileSync(path, 'utf8') === text)) return;
  if (running) throw new UserError('--trust: the cluster runs with another: stop it first with `zeroplane down`');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writePrivateFile(path, text);
}

/** As the cluster's administrator. A namespace that is there keeps its own labels beside. */
export async function applyTrust({ objects }: TrustPlan, cluster: Cluster, pki: Pki): Promise<void> {
  const api = createApiClient({
    server: `https://127.0.0.1:${cluster.port}`,
    ca: pki.caCertificate,
    cert: pki.adminCertificate,
    key: pki.adminKey,
  });
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  try {
    for (const object of objects ?? [])
      await api.json('PATCH', `${pathOf(object)}?fieldManager=zeroplane-trust&force=true`, { body: object, headers });
  } finally {
    api.close();
  }
}

function pathOf({ kind, metadata }: ReturnType<typeof trustObjects>[number]): string {
  const { name, namespace } = metadata ?? {};
  if (kind === 'Namespace') return `/api/v1/namespaces/${name}`;
  return `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/${kind === 'Role' ? 'roles' : 'rolebindings'}/${name}`;
}
