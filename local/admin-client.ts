// The administrator's own requests to the API server, for the few things that `up` must know.

import { request } from 'node:https';
import type { Cluster } from './cluster.ts';
import type { Pki } from './pki.ts';

export interface AdminClient {
  get(path: string): Promise<{ status: number; body: string }>;
}

export function connectAdmin(cluster: Cluster, pki: Pki): AdminClient {
  const tls = { ca: pki.caCertificate, cert: pki.adminCertificate, key: pki.adminKey };
  return {
    get: (path) =>
      new Promise((resolve, reject) => {
        const options = { ...tls, host: '127.0.0.1', port: cluster.port, path, timeout: 5_000 };
        const call = request(options, (response) => {
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            body += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
          response.on('error', reject);
        });
        call.on('timeout', () => call.destroy(new Error(`no answer to GET ${path} within 5 s`)));
        call.on('error', reject);
        call.end();
      }),
  };
}
