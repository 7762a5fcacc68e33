// The CSINode of this node: which drivers there are, how each calls the node, and where they say that it is.

import type { V1CSINode, V1Node } from '../../generated/kubernetes.ts';
import { type ApiClient, ApiError } from '../api-client/api-client.ts';
import type { Driver } from './drivers.ts';

const csiNodes = '/apis/storage.k8s.io/v1/csinodes';
const attempts = 5;

/** Makes it what `drivers` say. Throws UnreachableError, ApiError. */
export async function publishDrivers(
  api: Pick<ApiClient, 'json'>,
  nodeName: string,
  drivers: readonly Driver[],
): Promise<void> {
  const wanted = drivers.map(({ name, node }) => ({
    name,
    nodeID: node.id,
    topologyKeys: Object.keys(node.topology).sort(),
    ...(node.maxVolumes !== undefined && { allocatable: { count: node.maxVolumes } }),
  }));
  const path = `${csiNodes}/${encodeURIComponent(nodeName)}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const found = await orAbsent(api.json<V1CSINode>('GET', path));
      if (!found) return void (await create(api, nodeName, wanted));
      // A driver that says something else of itself is another: what is there of it may not be changed, but may go.
      const same = (found.spec?.drivers ?? []).filter((each) =>
        wanted.some((one) => one.name === each.name && JSON.stringify(keyed(one)) === JSON.stringify(keyed(each))),
      );
      const body =
        same.length === (found.spec?.drivers ?? []).length
          ? found
          : await api.json<V1CSINode>('PUT', path, { body: { ...found, spec: { drivers: same } } });
      if (same.length === wanted.length) return;
      await api.json('PUT', path, { body: { ...body, spec: { drivers: wanted } } });
      return;
    } catch (error) {
      const again = error instanceof ApiError && error.code === 409 && attempt < attempts;
      if (!again) throw error;
    }
  }
}

async function create(api: Pick<ApiClient, 'json'>, nodeName: string, drivers: readonly object[]): Promise<void> {
  const { metadata } = await api.json<V1Node>('GET', `/api/v1/nodes/${encodeURIComponent(nodeName)}`);
  const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: metadata?.uid };
  const body = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name: nodeName, ownerReferences: [owner] },
    spec: { drivers },
  };
  await api.json('POST', csiNodes, { body });
}

function keyed(each: { nodeID: string; topologyKeys?: readonly string[]; allocatable?: { count?: number } }) {
  return [each.nodeID, [...(each.topologyKeys ?? [])].sort(), each.allocatable?.count];
}

export async function orAbsent<T>(read: Promise<T>): Promise<T | undefined> {
  return read.catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  });
}
