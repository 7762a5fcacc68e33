// Directories of this node that are persistent volumes of the class local-path: remembered while their volume exists, deleted once it
// is gone, also when it went while the agent was away.

import path from 'node:path';
import type { V1PersistentVolume } from '../../generated/kubernetes.ts';
import { readStateFile, writeStateFile } from '../control-plane/state-file.ts';
import type { NodeFiles } from '../files/node-files.ts';

export interface LocalPathVolumes {
  /**
   * Takes note of the volumes that the node received. `confirmed`: the API itself said so, so that a volume which is not among
   * them is gone. Calls follow one another; a directory that cannot be deleted is tried again with the next.
   */
  apply(volumes: readonly V1PersistentVolume[], confirmed: boolean): Promise<void>;
}

export interface LocalPathOptions {
  readonly nodeName: string;
  readonly files: NodeFiles;
  /** Where the directories are remembered. */
  readonly stateFile: string;
  readonly log: { info(fields: object, text: string): void; warn(fields: object, text: string): void };
}

export function createLocalPathVolumes({ nodeName, files, stateFile, log }: LocalPathOptions): LocalPathVolumes {
  let known: Map<string, string> | undefined;

  const step = async (volumes: readonly V1PersistentVolume[], confirmed: boolean): Promise<void> => {
    known ??= new Map(Object.entries((await readStateFile<Record<string, string>>(stateFile)) ?? {}));
    const before = JSON.stringify([...known]);
    const present = new Set<string>();
    for (const volume of volumes) {
      const { name = '' } = volume.metadata ?? {};
      present.add(name);
      const directory = directoryOf(volume, nodeName);
      if (directory !== undefined) known.set(name, directory);
      // It may have been given the policy Retain since.
      else known.delete(name);
    }
    for (const [name, directory] of confirmed ? known : []) {
      if (present.has(name)) continue;
      try {
        await files.removeTree(path.dirname(path.resolve(directory)), path.basename(path.resolve(directory)));
        known.delete(name);
        log.info({ volume: name, directory }, 'the directory of a deleted volume was removed');
      } catch (error) {
        log.warn({ volume: name, directory, error: String(error) }, 'the directory of a deleted volume stays for now');
      }
    }
    if (JSON.stringify([...known]) !== before) await writeStateFile(stateFile, Object.fromEntries(known));
  };

  let last: Promise<void> = Promise.resolve();
  return {
    apply: (volumes, confirmed) => {
      last = last
        .then(() => step(volumes, confirmed))
        .catch((error: unknown) => log.warn({ error: String(error) }, 'the volumes of this node could not be noted'));
      return last;
    },
  };
}

/** The directory to delete with a volume. Only one that bears the volume's name: a volume that somebody wrote by hand deletes nothing else. */
function directoryOf({ metadata, spec }: V1PersistentVolume, nodeName: string): string | undefined {
  const { name, annotations } = metadata ?? {};
  const directory = spec?.hostPath?.path;
  const ours =
    annotations?.['pv.kubernetes.io/provisioned-by'] === 'zeroplane.dev/local-path' &&
    annotations['volume.kubernetes.io/selected-node'] === nodeName &&
    spec?.persistentVolumeReclaimPolicy === 'Delete';
  return ours && directory && path.basename(path.resolve(directory)).startsWith(`${name}_`) ? directory : undefined;
}
