// An edge in the storm: a watch through it is told by the channel, when that gets through.

import { readFileSync } from 'node:fs';
import { createEdge } from '../../../edge/edge.ts';
import { listen } from '../../../edge/listen.ts';
import { createTestAuthority } from '../../../functions/apiserver/testing/certificates.ts';
import { type ApiClient, createApiClient } from '../api-client.ts';
import type { AwsCluster } from '../harness/cluster.ts';

export interface StormEdge {
  readonly client: ApiClient;
  close(): Promise<void>;
}

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
/** What it is not told it finds within seconds, where others take twenty minutes. */
const pace = { quickMs: 50, slowMs: 3000, checkMs: 3000 };

export async function openStormEdge(cluster: AwsCluster): Promise<StormEdge> {
  const authority = await createTestAuthority('edge-ca');
  const certificate = await authority.server();
  const edge = createEdge({ server: cluster.gateway.url, ca: readFileSync(cluster.caFile, 'utf8'), pace });
  const listening = await listen({
    ...{ address: '127.0.0.1', port: 0, log },
    certificate: () => certificate,
    handle: edge.handle,
  });
  const url = `https://127.0.0.1:${listening.port}`;
  const client = createApiClient({ url, ca: authority.cert, token: cluster.token('AKIAADMIN') });
  return {
    client,
    async close() {
      client.close();
      edge.close();
      listening.close();
    },
  };
}
