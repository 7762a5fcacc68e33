// containerd's snapshots, for the files of an image without a container: CRI of 1.6 and 1.7 has no call for them.
// Source: containerd api/services/snapshots/v1.

import { createGrpcClient, GrpcError, grpcCodes } from './grpc.ts';
import { Empty } from './messages.ts';
import { message } from './wire.ts';

const Mount = message({ type: [1, 'string'], source: [2, 'string'], options: [4, ['string']] });
const ViewRequest = message({
  snapshotter: [1, 'string'],
  key: [2, 'string'],
  parent: [3, 'string'],
  labels: [4, 'map'],
});
const KeyRequest = message({ snapshotter: [1, 'string'], key: [2, 'string'] });
const MountsResponse = message({ mounts: [1, [Mount]] });

const service = '/containerd.services.snapshots.v1.Snapshots';
const headers = { 'containerd-namespace': 'k8s.io' };
const shared = { deadlineMs: 60_000, headers };
const view = { path: `${service}/View`, request: ViewRequest, response: MountsResponse, ...shared };
const mounts = { path: `${service}/Mounts`, request: KeyRequest, response: MountsResponse, ...shared };
const remove = { path: `${service}/Remove`, request: KeyRequest, response: Empty, ...shared };

/** As mount(8) takes it: `{type: 'overlay', source: 'overlay', options: ['lowerdir=/a:/b']}`. */
export interface SnapshotMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface Snapshots {
  /** What to mount to read the layers down from `chainID`; kept, under `key`, until it is removed. Throws GrpcError. */
  view(key: string, chainID: string): Promise<readonly SnapshotMount[]>;
  /** Idempotent. Throws GrpcError. */
  remove(key: string): Promise<void>;
  close(): void;
}

/** Connects on first use. */
export function connectSnapshots(endpoint: string, snapshotter: string): Snapshots {
  const client = createGrpcClient(endpoint);
  return {
    async view(key, parent) {
      // Without the label containerd would collect what no container uses.
      const labels = { 'containerd.io/gc.root': new Date().toISOString() };
      try {
        return (await client.call(view, { snapshotter, key, parent, labels })).mounts;
      } catch (error) {
        if (!(error instanceof GrpcError) || error.code !== grpcCodes.alreadyExists) throw error;
        return (await client.call(mounts, { snapshotter, key })).mounts;
      }
    },
    async remove(key) {
      try {
        await client.call(remove, { snapshotter, key });
      } catch (error) {
        if (!(error instanceof GrpcError) || error.code !== grpcCodes.notFound) throw error;
      }
    },
    close: () => client.close(),
  };
}
