// What `kubectl get` shows of Endpoints.

import type { V1Endpoints } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, none, shortened, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

const maxEndpoints = 3;

export const columns: readonly Column[] = [nameColumn, text<V1Endpoints>('Endpoints', endpointAddresses), ageColumn];

function endpointAddresses({ subsets = [] }: V1Endpoints): string {
  const all = subsets.flatMap(({ addresses: ready = [], ports = [] }) => {
    if (ports.length === 0) return ready.map((each) => each.ip);
    return ports.flatMap(({ port }) => ready.map(({ ip }) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`));
  });
  return all.length === 0 ? none : shortened(all, maxEndpoints);
}
