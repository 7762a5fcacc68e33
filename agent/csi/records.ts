// What is published to which pod, beside where it is mounted, as kubelet keeps it: an agent that is started anew, or whose pod is gone from
// the API, knows from it whom to ask to take it away.

import fs from 'node:fs/promises';
import path from 'node:path';
import { parseJson } from '../../core/machinery/json.ts';
import { writePrivateFile } from '../../core/process/private-file.ts';

export interface VolumeRecord {
  readonly driverName: string;
  readonly volumeHandle: string;
  /** Where the driver publishes it for the pod. */
  readonly targetPath: string;
  /** undefined: the driver stages nothing. */
  readonly stagingPath: string | undefined;
  /** A controller attaches it to the node. */
  readonly attachable: boolean;
}

const file = 'vol_data.json';
const kind = 'volumes/kubernetes.io~csi';

/** Of a pod's volume. */
export function recordDirectory(pods: string, uid: string, name: string): string {
  return path.join(pods, uid, kind, name);
}

export async function writeRecord(directory: string, record: VolumeRecord): Promise<void> {
  await fs.mkdir(directory, { recursive: true, mode: 0o750 });
  writePrivateFile(path.join(directory, file), JSON.stringify(record));
}

export async function removeRecord(directory: string): Promise<void> {
  await fs.rm(path.join(directory, file), { force: true });
  await fs.rmdir(directory);
}

/** Directory -> record. Of one pod, or of all. */
export async function readRecords(pods: string, uid?: string): Promise<Map<string, VolumeRecord>> {
  const found = new Map<string, VolumeRecord>();
  for (const pod of uid === undefined ? await list(pods) : [uid]) {
    for (const name of await list(path.join(pods, pod, kind))) {
      const directory = recordDirectory(pods, pod, name);
      const text = await fs.readFile(path.join(directory, file), 'utf8').catch(() => undefined);
      // as: this program wrote it.
      if (text !== undefined) found.set(directory, parseJson(text) as VolumeRecord);
    }
  }
  return found;
}

/** What is empty of the directories above. */
export async function removeEmptyPod(pods: string, uid: string): Promise<void> {
  for (const each of [kind, 'volumes', '']) await fs.rmdir(path.join(pods, uid, each)).catch(() => undefined);
}

async function list(directory: string): Promise<string[]> {
  return fs.readdir(directory).catch(() => []);
}
