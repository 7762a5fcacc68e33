// The administrator's kubeconfig: what kubectl needs to reach the cluster, with everything embedded.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { writePrivateFile } from '../core/process/private-file.ts';
import type { Cluster } from './cluster.ts';
import type { Pki } from './pki.ts';

export function writeKubeconfig(cluster: Cluster, pki: Pki): void {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'zeroplane',
        cluster: {
          server: `https://127.0.0.1:${cluster.port}`,
          'certificate-authority-data': base64(pki.caCertificate),
        },
      },
    ],
    users: [
      {
        name: 'zeroplane-admin',
        user: {
          'client-certificate-data': base64(pki.adminCertificate),
          'client-key-data': base64(pki.adminKey),
        },
      },
    ],
    contexts: [{ name: 'zeroplane', context: { cluster: 'zeroplane', user: 'zeroplane-admin' } }],
    'current-context': 'zeroplane',
  };
  mkdirSync(dirname(cluster.kubeconfig), { recursive: true });
  writePrivateFile(cluster.kubeconfig, stringify(config));
}
