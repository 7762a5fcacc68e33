// The files of ConfigMap, Secret, downward API and projected volumes. Pure but for the token, which is an argument.

import type {
  V1ConfigMap,
  V1DownwardAPIVolumeFile,
  V1KeyToPath,
  V1Secret,
  V1Volume,
} from '../../generated/kubernetes.ts';
import type { NodeFields } from '../pod/downward.ts';
import { annotationOrLabelField, fieldValue, resourceFieldValue } from '../pod/downward.ts';
import type { Pod } from '../pod/pod.ts';
import type { NodeCapacity } from '../pod/resources.ts';
import type { VolumeFile } from './atomic-write.ts';
import { VolumeError } from './volume-error.ts';

export interface PayloadSources {
  configMap(name: string): V1ConfigMap | undefined;
  secret(name: string): V1Secret | undefined;
  readonly node: NodeFields;
  readonly allocatable: NodeCapacity;
  /** A token for the pod's service account; asked for only when a volume projects one. */
  token(audience: string | undefined, expirationSeconds: number): Promise<string>;
}

/** Undefined when the volume is not one of files. Throws VolumeError when something that it names is not there. */
export async function volumePayload(
  pod: Pod,
  volume: V1Volume,
  sources: PayloadSources,
): Promise<Map<string, VolumeFile> | undefined> {
  if (volume.configMap) {
    const { name = '', items, optional, defaultMode = 0o644 } = volume.configMap;
    return configMapFiles(sources.configMap(name), name, items, optional, defaultMode);
  }
  if (volume.secret) {
    const { secretName = '', items, optional, defaultMode = 0o644 } = volume.secret;
    return secretFiles(sources.secret(secretName), secretName, items, optional, defaultMode);
  }
  if (volume.downwardAPI) {
    const { items = [], defaultMode = 0o644 } = volume.downwardAPI;
    return downwardFiles(pod, items, defaultMode, sources);
  }
  if (!volume.projected) return undefined;
  const { defaultMode = 0o644 } = volume.projected;
  const parts = volume.projected.sources ?? [];
  const files = new Map<string, VolumeFile>();
  for (const part of parts) {
    const { configMap, secret, downwardAPI, serviceAccountToken } = part;
    let found = new Map<string, VolumeFile>();
    if (configMap) {
      const { name = '', items, optional } = configMap;
      found = configMapFiles(sources.configMap(name), name, items, optional, defaultMode);
    } else if (secret) {
      const { name = '', items, optional } = secret;
      found = secretFiles(sources.secret(name), name, items, optional, defaultMode);
    } else if (downwardAPI) found = downwardFiles(pod, downwardAPI.items ?? [], defaultMode, sources);
    else if (serviceAccountToken) {
      const { audience, expirationSeconds = 3600, path } = serviceAccountToken;
      const token = await sources.token(audience, Number(expirationSeconds));
      found = new Map([[path, { content: Buffer.from(token), mode: defaultMode }]]);
    } else
      throw new VolumeError(
        `volume "${volume.name}" projects a source that this node does not support (clusterTrustBundle, podCertificate)`,
      );
    for (const [name, file] of found) files.set(name, file);
  }
  return files;
}

function configMapFiles(
  found: V1ConfigMap | undefined,
  name: string,
  items: V1KeyToPath[] | undefined,
  optional: boolean | undefined,
  mode: number,
): Map<string, VolumeFile> {
  if (!found && !optional) throw new VolumeError(`configmap "${name}" not found`);
  const content = new Map<string, Buffer>();
  for (const [key, text] of Object.entries(found?.data ?? {})) content.set(key, Buffer.from(text));
  for (const [key, base64] of Object.entries(found?.binaryData ?? {})) content.set(key, Buffer.from(base64, 'base64'));
  return pick(content, items, optional || !found, mode, `configmap "${name}"`);
}

function secretFiles(
  found: V1Secret | undefined,
  name: string,
  items: V1KeyToPath[] | undefined,
  optional: boolean | undefined,
  mode: number,
): Map<string, VolumeFile> {
  if (!found && !optional) throw new VolumeError(`secret "${name}" not found`);
  const content = new Map(
    Object.entries(found?.data ?? {}).map(([key, base64]) => [key, Buffer.from(base64, 'base64')]),
  );
  return pick(content, items, optional || !found, mode, `secret "${name}"`);
}

function pick(
  content: ReadonlyMap<string, Buffer>,
  items: V1KeyToPath[] | undefined,
  optional: boolean,
  mode: number,
  what: string,
): Map<string, VolumeFile> {
  if (!items?.length) return new Map([...content].map(([key, bytes]) => [key, { content: bytes, mode }]));
  const files = new Map<string, VolumeFile>();
  for (const item of items) {
    const bytes = content.get(item.key);
    if (bytes) files.set(item.path, { content: bytes, mode: item.mode ?? mode });
    else if (!optional) throw new VolumeError(`references non-existent key "${item.key}" of ${what}`);
  }
  return files;
}

function downwardFiles(
  pod: Pod,
  items: readonly V1DownwardAPIVolumeFile[],
  mode: number,
  sources: PayloadSources,
): Map<string, VolumeFile> {
  return new Map(
    items.map((item) => {
      const path = item.fieldRef?.fieldPath ?? '';
      const text = item.resourceFieldRef
        ? resourceFieldValue(pod, '', item.resourceFieldRef, sources.allocatable)
        : (annotationOrLabelField(pod, path) ?? fieldValue(pod, path, sources.node));
      return [item.path, { content: Buffer.from(text), mode: item.mode ?? mode }];
    }),
  );
}
