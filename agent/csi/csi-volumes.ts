// Volumes of CSI drivers, as kubelet brings them to a pod: attached (by whom the driver has for that), staged once for the node, published
// for the pod; and back. Each step may be asked for again: drivers answer what is done already as done.

import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dns1123Subdomain } from '../../core/machinery/names.ts';
import { parseQuantity, quantityToNumber } from '../../core/machinery/quantity.ts';
import { attachmentName, volumeDevice } from '../../core/node/volume-attachment.ts';
import type {
  V1CSIDriver,
  V1CSIPersistentVolumeSource,
  V1PersistentVolume,
  V1Secret,
  V1VolumeAttachment,
} from '../../generated/kubernetes.ts';
import { type ApiClient, ApiError, UnreachableError } from '../api-client/api-client.ts';
import type { GrpcMethod } from '../cri/grpc.ts';
import { GrpcError } from '../cri/grpc.ts';
import type { Decoded, Input, Message } from '../cri/wire.ts';
import { isMounted } from '../files/mount-table.ts';
import type { Pod } from '../pod/pod.ts';
import { ownByGroup } from '../volumes/ownership.ts';
import { onFilesOf } from '../volumes/remote-volume.ts';
import { VolumeError } from '../volumes/volume-error.ts';
import { type CsiVolumes, groupOf, type VolumeContext } from '../volumes/volume-type.ts';
import { orAbsent } from './csi-node.ts';
import type { Driver, Drivers } from './drivers.ts';
import type { KubeletDirectory } from './kubelet-directory.ts';
import { csiMethods, nodeCapabilities } from './messages.ts';
import {
  readRecords,
  recordDirectory,
  removeEmptyPod,
  removeRecord,
  type VolumeRecord,
  writeRecord,
} from './records.ts';
import {
  accessModeOf,
  capabilityOf,
  givesToGroup,
  grownStatus,
  growthOf,
  isBlock,
  podContext,
} from './volume-facts.ts';
import { volumeUseOf } from './volume-usage.ts';

export interface CsiOptions {
  readonly api: Pick<ApiClient, 'json'>;
  readonly nodeName: string;
  readonly drivers: Pick<Drivers, 'get' | 'look'>;
  readonly directory: KubeletDirectory;
  /** What is in use has changed. */
  readonly onUse: () => void;
}

/** A pod waits so long in one attempt for its volume to be attached. */
const attachMs = 20_000;
/** Attachers take from a moment to a minute: asked for soon at first, then less and less often. */
const askAgain = { firstMs: 25, longestMs: 500 } as const;
/** How full a volume is is asked for by whoever reads figures. */
const usageMs = 10_000;

interface Published {
  readonly driver: Driver;
  readonly record: VolumeRecord;
  readonly directory: string;
  readonly capability: ReturnType<typeof capabilityOf>;
  readonly publishContext: Record<string, string>;
  readonly volumeContext: Record<string, string>;
  readonly stageSecrets: Record<string, string>;
  readonly publishSecrets: Record<string, string>;
  readonly readOnly: boolean;
}

export async function createCsiVolumes(options: CsiOptions): Promise<CsiVolumes> {
  const { api, nodeName, directory } = options;
  /** By driver and handle: what is staged for one pod is not taken away from another. */
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = async <T>(driver: string, handle: string, work: () => Promise<T>): Promise<T> => {
    const key = `${driver} ${handle}`;
    const turn = (turns.get(key) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    turns.set(key, settled);
    try {
      return await turn;
    } finally {
      if (turns.get(key) === settled) turns.delete(key);
    }
  };
  /** Record's directory -> device. */
  const used = new Map<string, string>();
  const use = (place: string, { attachable, driverName, volumeHandle }: VolumeRecord): boolean => {
    if (!attachable || used.has(place)) return false;
    used.set(place, volumeDevice(driverName, volumeHandle));
    return true;
  };
  for (const [place, record] of await readRecords(directory.pods)) use(place, record);

  const driverOf = async (name: string): Promise<Driver> => {
    let found = options.drivers.get(name);
    if (!found) await options.drivers.look().catch(() => undefined);
    found ??= options.drivers.get(name);
    if (!found)
      throw new VolumeError(`CSI driver ${name} is not registered on this node: does its node plugin run here?`);
    return found;
  };
  const driverObject = (name: string) =>
    asked(() =>
      orAbsent(api.json<V1CSIDriver>('GET', `/apis/storage.k8s.io/v1/csidrivers/${encodeURIComponent(name)}`)),
    );
  /** Of a PersistentVolume, which names the namespace too. */
  const secretOf = async (
    reference: { readonly name?: string; readonly namespace?: string } | undefined,
  ): Promise<Record<string, string>> => {
    const { name, namespace = '' } = reference ?? {};
    if (!name) return {};
    // Dots are resolved on some ways to the API, also encoded ones.
    const plain = [name, namespace].every((each) => dns1123Subdomain(each).length === 0);
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
    return contentOf(name, plain ? await asked(() => orAbsent(api.json<V1Secret>('GET', path))) : undefined);
  };
  const attached = async (driver: string, handle: string): Promise<Record<string, string>> => {
    const name = attachmentName(driver, handle, nodeName);
    const deadline = Date.now() + attachMs;
    for (let pause: number = askAgain.firstMs; ; pause = Math.min(pause * 2, askAgain.longestMs)) {
      const path = `/apis/storage.k8s.io/v1/volumeattachments/${name}`;
      const found = await asked(() => orAbsent(api.json<V1VolumeAttachment>('GET', path)));
      if (found?.status?.attached && !found.metadata?.deletionTimestamp) return found.status.attachmentMetadata ?? {};
      if (Date.now() > deadline) {
        const why =
          found?.status?.attachError?.message ??
          (found ? 'its driver has not said so yet' : 'there is no VolumeAttachment yet');
        throw new VolumeError(`volume ${handle} of ${driver} is not attached to this node: ${why}`);
      }
      await delay(pause);
    }
  };

  const publish = (wanted: Published): Promise<void> => {
    const { driver, record, directory: place, capability } = wanted;
    const { volumeHandle: volumeId, stagingPath, targetPath } = record;
    return inTurn(driver.name, volumeId, async () => {
      // Before anything is mounted: who finds it later takes it away.
      await writeRecord(place, record);
      if (use(place, record)) options.onUse();
      const common = { volumeId, publishContext: wanted.publishContext, volumeCapability: capability };
      if (stagingPath !== undefined) {
        await fs.mkdir(stagingPath, { recursive: true, mode: 0o750 });
        await call(driver, csiMethods.nodeStageVolume, {
          ...common,
          stagingTargetPath: stagingPath,
          secrets: wanted.stageSecrets,
          volumeContext: wanted.volumeContext,
        });
      }
      await fs.mkdir(path.dirname(targetPath), { recursive: true, mode: 0o750 });
      await call(driver, csiMethods.nodePublishVolume, {
        ...common,
        targetPath,
        ...(stagingPath !== undefined && { stagingTargetPath: stagingPath }),
        readonly: wanted.readOnly,
        secrets: wanted.publishSecrets,
        volumeContext: wanted.volumeContext,
      });
    });
  };

  const unpublish = (place: string, record: VolumeRecord): Promise<void> =>
    inTurn(record.driverName, record.volumeHandle, async () => {
      const { volumeHandle: volumeId, stagingPath, targetPath } = record;
      const driver = await driverOf(record.driverName);
      await call(driver, csiMethods.nodeUnpublishVolume, { volumeId, targetPath });
      await removeTarget(driver.name, targetPath);
      const others = [...(await readRecords(directory.pods))].filter(
        ([other, each]) =>
          other !== place && each.driverName === record.driverName && each.volumeHandle === record.volumeHandle,
      );
      if (stagingPath !== undefined && others.length === 0) {
        await call(driver, csiMethods.nodeUnstageVolume, { volumeId, stagingTargetPath: stagingPath });
        await removeTarget(driver.name, stagingPath);
        await fs.rmdir(path.dirname(stagingPath)).catch(() => undefined);
      }
      await removeRecord(place);
      if (used.delete(place)) options.onUse();
    });

  const claimed = (
    { driver: name, volumeHandle, fsType }: V1CSIPersistentVolumeSource,
    volume: V1PersistentVolume,
    pod: Pod,
    { capabilities }: Driver,
    object: V1CSIDriver | undefined,
  ) => {
    const { uid } = pod.metadata;
    const volumeName = volume.metadata?.name ?? '';
    const block = isBlock(volume);
    const place = recordDirectory(directory.pods, uid, volumeName);
    const devices = path.join(directory.plugin, 'volumeDevices');
    const staged = block
      ? path.join(devices, 'staging', volumeName)
      : path.join(directory.plugin, name, createHash('sha256').update(volumeHandle).digest('hex'), 'globalmount');
    const byDriver = capabilities.has(nodeCapabilities.volumeMountGroup);
    const record: VolumeRecord = {
      driverName: name,
      volumeHandle,
      targetPath: block ? path.join(devices, 'publish', volumeName, uid) : path.join(place, 'mount'),
      stagingPath: capabilities.has(nodeCapabilities.stageUnstageVolume) ? staged : undefined,
      attachable: object?.spec?.attachRequired !== false,
    };
    const capability = capabilityOf({
      block,
      fsType,
      mountOptions: volume.spec?.mountOptions,
      mode: accessModeOf(volume.spec?.accessModes, capabilities),
      group: byDriver ? groupOf(pod) : undefined,
    });
    return { record, place, capability, byDriver };
  };

  const grow: CsiVolumes['grow'] = async (source, volume, context) => {
    const { namespace } = context.pod.metadata;
    const claim = context.objects.claim(namespace, volume.spec?.claimRef?.name ?? '');
    const wanted = growthOf(volume, claim);
    if (!claim || wanted === undefined) return;
    const driver = await driverOf(source.driver);
    // Where it has nothing to do on a node, its controller says that the volume has grown.
    if (!driver.capabilities.has(nodeCapabilities.expandVolume)) return;
    const { record, capability } = claimed(source, volume, context.pod, driver, undefined);
    const secrets = await secretOf(source.nodeExpandSecretRef);
    await inTurn(source.driver, source.volumeHandle, async () => {
      await call(driver, csiMethods.nodeExpandVolume, {
        volumeId: source.volumeHandle,
        volumePath: record.targetPath,
        capacityRange: { requiredBytes: quantityToNumber(parseQuantity(wanted)) },
        ...(record.stagingPath !== undefined && { stagingTargetPath: record.stagingPath }),
        volumeCapability: capability,
        secrets,
      });
      const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claim.metadata?.name}/status`;
      const headers = { 'content-type': 'application/merge-patch+json' };
      await asked(() => api.json('PATCH', path, { body: { status: grownStatus(claim, wanted) }, headers }));
    });
  };

  return {
    async persistent(source, volume, context, readOnly) {
      const { pod } = context;
      const [driver, object] = [await driverOf(source.driver), await driverObject(source.driver)];
      const { record, place, capability, byDriver } = claimed(source, volume, pod, driver, object);
      const publishedReadOnly = readOnly || source.readOnly === true;
      const [publishContext, ofPod, stageSecrets, publishSecrets] = await Promise.all([
        record.attachable ? attached(source.driver, source.volumeHandle) : {},
        podContext(object, context, false),
        secretOf(source.nodeStageSecretRef),
        secretOf(source.nodePublishSecretRef),
      ]);
      await publish({
        driver,
        record,
        directory: place,
        capability,
        publishContext,
        volumeContext: { ...source.volumeAttributes, ...ofPod },
        stageSecrets,
        publishSecrets,
        readOnly: publishedReadOnly,
      });
      await grow(source, volume, context);
      if (isBlock(volume)) return { path: record.targetPath, device: true };
      const group = groupOf(pod);
      if (group !== undefined && !byDriver && !publishedReadOnly && givesToGroup(object, volume))
        await own(record.targetPath, group, pod);
      return { path: record.targetPath };
    },
    grow,
    async inline(source, context) {
      const { pod, name: volumeName, objects } = context;
      const [driver, object] = [await driverOf(source.driver), await driverObject(source.driver)];
      if (!object?.spec?.volumeLifecycleModes?.includes('Ephemeral'))
        throw new VolumeError(
          `volume "${volumeName}": the CSIDriver ${source.driver} does not say that pods may have its volumes without a claim (volumeLifecycleModes: Ephemeral)`,
        );
      const { namespace, uid } = pod.metadata;
      const place = recordDirectory(directory.pods, uid, volumeName);
      const targetPath = path.join(place, 'mount');
      const volumeHandle = `csi-${createHash('sha256').update(`${uid}${volumeName}`).digest('hex')}`;
      const readOnly = source.readOnly === true;
      const group = groupOf(pod);
      const byDriver = driver.capabilities.has(nodeCapabilities.volumeMountGroup);
      await publish({
        driver,
        record: { driverName: source.driver, volumeHandle, targetPath, stagingPath: undefined, attachable: false },
        directory: place,
        capability: capabilityOf({
          block: false,
          fsType: source.fsType,
          mode: accessModeOf(['ReadWriteOnce'], driver.capabilities),
          group: byDriver ? group : undefined,
        }),
        publishContext: {},
        volumeContext: { ...source.volumeAttributes, ...(await podContext(object, context, true)) },
        stageSecrets: {},
        publishSecrets: ownSecret(objects, namespace, source.nodePublishSecretRef?.name),
        readOnly,
      });
      if (group !== undefined && !byDriver && !readOnly && givesToGroup(object, undefined))
        await own(targetPath, group, pod);
      return { path: targetPath, readOnly };
    },
    async release(uid) {
      for (const [place, record] of await readRecords(directory.pods, uid)) await unpublish(place, record);
      await removeEmptyPod(directory.pods, uid);
    },
    known: async () => [
      ...new Set(
        [...(await readRecords(directory.pods)).keys()].map(
          (each) => each.slice(directory.pods.length + 1).split('/')[0] ?? '',
        ),
      ),
    ],
    async use(uid, name) {
      const record = (await readRecords(directory.pods, uid)).get(recordDirectory(directory.pods, uid, name));
      const driver = options.drivers.get(record?.driverName ?? '');
      if (!record || !driver?.capabilities.has(nodeCapabilities.getVolumeStats)) return undefined;
      const { volumeHandle: volumeId, targetPath: volumePath, stagingPath } = record;
      const request = { volumeId, volumePath, ...(stagingPath !== undefined && { stagingTargetPath: stagingPath }) };
      return volumeUseOf(await driver.client.call(csiMethods.nodeGetVolumeStats, request, { deadlineMs: usageMs }));
    },
    inUse: () => [...new Set(used.values())].sort(),
  };
}

/** Of a pod's own namespace, by what the node was given for the pod: a name that its user wrote leads into no path. */
function ownSecret(
  objects: VolumeContext['objects'],
  namespace: string,
  name: string | undefined,
): Record<string, string> {
  return name ? contentOf(name, objects.secret(namespace, name)) : {};
}

/** Throws VolumeError. */
function contentOf(name: string, secret: V1Secret | undefined): Record<string, string> {
  if (!secret) throw new VolumeError(`secret "${name}" of the volume's driver was not found`);
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

async function own(target: string, group: number, { spec }: Pod): Promise<void> {
  const onMismatch = spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch';
  await onFilesOf(target, async () => {
    if (!onMismatch || (await fs.stat(target)).gid !== group) await ownByGroup(target, group);
  });
}

/** Nothing is deleted through a mount. */
async function removeTarget(driver: string, target: string): Promise<void> {
  if (await isMounted(target))
    throw new VolumeError(`${driver} says that ${target} is taken away, and it is still mounted`);
  const stat = await fs.lstat(target).catch(() => undefined);
  if (stat?.isDirectory()) await fs.rmdir(target);
  else if (stat) await fs.rm(target);
}

/** Throws VolumeError. */
async function call<Req extends Message, Res extends Message>(
  { name, client }: Driver,
  method: GrpcMethod<Req, Res>,
  request: Input<Req>,
): Promise<Decoded<Res>> {
  try {
    return await client.call(method, request);
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    throw new VolumeError(
      `CSI driver ${name}, ${method.path.split('/').at(-1)}: ${error.message} (code ${error.code})`,
    );
  }
}

async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError || error instanceof UnreachableError) throw new VolumeError(error.message);
    throw error;
  }
}
