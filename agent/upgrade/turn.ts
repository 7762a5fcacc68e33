// One node of the cluster upgrades its agent at a time: the one that holds a Lease. A turn whose node does not give it back ends by itself,
// and so does one whose upgrade failed: what is broken goes through a cluster slowly.

import { holderOfTurn, longestTurnSeconds, upgradeLease } from '../../core/node/upgrade-turn.ts';
import type { V1Lease } from '../../generated/kubernetes.ts';
import { type ApiClient, ApiError } from '../api-client/api-client.ts';

const { namespace, name } = upgradeLease;
const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
const lease = `${leases}/${name}`;

/** False: another node has it. Throws UnreachableError, ApiError. */
export async function takeTurn(api: Pick<ApiClient, 'json'>, node: string, now: number): Promise<boolean> {
  const time = `${new Date(now).toISOString().slice(0, -1)}000Z`;
  const spec = { holderIdentity: node, leaseDurationSeconds: longestTurnSeconds, acquireTime: time, renewTime: time };
  const found = await read(api);
  const holder = holderOfTurn(found?.spec, now);
  if (holder !== undefined && holder !== node) return false;
  return written(
    found
      ? api.json('PUT', lease, { body: { ...found, spec: { ...found.spec, ...spec } } })
      : api.json('POST', leases, {
          body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec },
        }),
  );
}

/** Throws UnreachableError, ApiError. */
export async function giveTurnBack(api: Pick<ApiClient, 'json'>, node: string): Promise<void> {
  const found = await read(api);
  if (found?.spec?.holderIdentity !== node) return;
  const { holderIdentity: _, ...spec } = found.spec;
  await written(api.json('PUT', lease, { body: { ...found, spec } }));
}

async function read(api: Pick<ApiClient, 'json'>): Promise<V1Lease | undefined> {
  return api.json<V1Lease>('GET', lease).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  });
}

/** False: another was faster, or its turn has begun meanwhile. */
async function written(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ApiError && (error.code === 409 || error.code === 403)) return false;
    throw error;
  }
}
