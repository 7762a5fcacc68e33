// `zeroplane keys ...`: new keys and certificates for a cluster on this machine, also while it runs (docs/key-rotation.md).

import { join } from 'node:path';
import { errorText } from '../core/machinery/error-text.ts';
import { parseJson } from '../core/machinery/json.ts';
import type { Resealed } from '../core/store/encrypted/rewrite.ts';
import { type Cluster, readCluster } from './cluster.ts';
import { askControlPlane } from './control-socket-client.ts';
import { rotateEncryptionKey } from './encryption-keys.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { ensurePki } from './pki.ts';
import { processFiles, runningPid } from './process.ts';
import { retireSigningKeys, rotateSigningKey } from './signing-keys.ts';
import { UserError } from './user-error.ts';

interface Options {
  readonly dataDir: string;
}

/** `said`: what people are told. */
export interface KeysDone {
  readonly kind: string;
  readonly said: string;
  /** Values that were sealed anew. */
  readonly rewritten?: number;
  /** Former keys that are gone. */
  readonly gone?: number;
}

const kinds = ['certificates', 'service-account', 'encryption'];

export async function rotate(kind: string, { dataDir }: Options): Promise<KeysDone> {
  if (!kinds.includes(kind))
    throw new UserError(`keys rotate: ${JSON.stringify(kind)} is none of ${kinds.join(', ')} (docs/key-rotation.md)`);
  const cluster = readCluster(dataDir);
  if (!cluster) throw new UserError(`no cluster in ${dataDir}: start one with \`zeroplane up\``);
  if (kind === 'encryption') return rotateEncryption(cluster);
  if (kind === 'certificates') {
    writeKubeconfig(cluster, await ensurePki(cluster, { renewAll: true }));
  } else await rotateSigningKey(join(dataDir, 'pki'));
  await tell(dataDir);
  const said =
    kind === 'certificates'
      ? `New certificates for the API server, the administrator (${cluster.kubeconfig}) and the node.`
      : 'A new key signs service account tokens; tokens of the one before stay good until `keys retire`.';
  return { kind, said };
}

export async function retire(kind: string, { dataDir }: Options): Promise<KeysDone> {
  if (kind !== 'service-account')
    throw new UserError('keys retire: only service-account keys are kept beside a new one');
  if (!readCluster(dataDir)) throw new UserError(`no cluster in ${dataDir}: start one with \`zeroplane up\``);
  const gone = retireSigningKeys(join(dataDir, 'pki'));
  await tell(dataDir);
  const said = `${gone} former ${gone === 1 ? 'key' : 'keys'} gone: tokens that they signed are good no more.`;
  return { kind, gone, said };
}

/** Where there is an EncryptionConfiguration, its user makes the keys; what it says now is done. */
async function rotateEncryption({ dataDir, encryptionProviderConfig: file }: Cluster): Promise<KeysDone> {
  const directory = join(dataDir, 'pki');
  if (file === undefined) rotateEncryptionKey(directory);
  const kind = 'encryption';
  if (runningPid(processFiles(dataDir, 'control-plane')) === undefined)
    return { kind, said: 'The control plane does not run: it seals everything anew when it is started next.' };
  let answer: string;
  try {
    answer = await askControlPlane(dataDir, '/rotate-encryption', '');
  } catch (error) {
    throw new UserError(`keys: encryption keys were not rotated: ${errorText(error)}: try again, or restart it`, {
      cause: error,
    });
  }
  const { rewritten, unreadable } = readResealed(answer);
  if (unreadable > 0)
    throw new UserError(
      `keys: ${rewritten} values were sealed anew, and ${unreadable} can be opened with no key that is there (docs/encryption.md): former keys are kept`,
    );
  const said =
    file === undefined
      ? `A new key encrypts Secrets; ${rewritten} values were sealed with it, and the one before is gone. Keep a copy of ${join(directory, 'encryption.key')}, and the copy of the former one for as long as backups of before.`
      : `${rewritten} values were sealed anew as ${file} says: other keys may be taken out of it.`;
  return { kind, rewritten, said };
}

function readResealed(answer: string): Resealed {
  // as: the control plane's own words.
  return parseJson(answer) as Resealed;
}

/** What does not run reads its keys when it starts. */
async function tell(dataDir: string): Promise<void> {
  if (runningPid(processFiles(dataDir, 'control-plane')) === undefined) return;
  try {
    await askControlPlane(dataDir, '/reload-keys', '');
  } catch (error) {
    throw new UserError(`keys: the control plane did not take them: ${errorText(error)}: try again, or restart it`, {
      cause: error,
    });
  }
}
