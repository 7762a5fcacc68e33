// The administrator's kubeconfig: what kubectl needs to reach the cluster, with everything embedded.

import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { writePrivateFile } from '../core/process/private-file.ts';
import type { Cluster } from './cluster.ts';
import type { Pki } from './pki.ts';

export function writeKubeconfig(cluster: Cluster, pki: Pki): void {
  const { within } = cluster;
  const [name, user] = within ? [within.name, `${within.name}-admin`] : ['zeroplane', 'zeroplane-admin'];
  // Of a hosted cluster, the host's certificate is what clients see.
  const authority = within ? readFileSync(within.authority, 'utf8') : pki.caCertificate;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: `https://127.0.0.1:${cluster.port}${within?.path ?? ''}`,
          'certificate-authority-data': base64(authority),
        },
      },
    ],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(pki.adminCertificate),
          'client-key-data': base64(pki.adminKey),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
  };
  mkdirSync(dirname(cluster.kubeconfig), { recursive: true });
  writePrivateFile(cluster.kubeconfig, stringify(config));
}
