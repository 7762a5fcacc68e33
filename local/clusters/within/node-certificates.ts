// The certificates by which nodes of a hosted cluster serve its API to their pods, who know no paths in URLs (D13).

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certifyNodeApiBy } from '../../../core/cluster/node-api-certificate.ts';
import { apiAddress } from '../../../core/kinds/allocate/dns-address.ts';
import type { Cluster } from '../../cluster.ts';

export function nodeCertificates({
  dataDir,
  serviceCIDR,
  clusterDomain,
}: Cluster): (publicKey: string) => Promise<string> {
  const read = (file: string) => readFile(join(dataDir, 'pki', file), 'utf8');
  return async (publicKey) => {
    const [key, certificate] = await Promise.all([read('ca.key'), read('ca.crt')]);
    const names = { apiAddress: apiAddress(serviceCIDR), clusterDomain };
    return certifyNodeApiBy({ key, certificate }, publicKey, names, new Date());
  };
}
