// `zeroplane keys ...`: new keys and certificates for a cluster on this machine, also while it runs (docs/key-rotation.md).

import { join } from 'node:path';
import { errorText } from '../core/machinery/error-text.ts';
import { readCluster } from './cluster.ts';
import { askControlPlane } from './control-socket-client.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { ensurePki } from './pki.ts';
import { processFiles, runningPid } from './process.ts';
import { retireSigningKeys, rotateSigningKey } from './signing-keys.ts';
import { UserError } from './user-error.ts';

interface Options {
  readonly dataDir: string;
}

const kinds = ['certificates', 'service-account'];

export async function rotate(kind: string, { dataDir }: Options): Promise<void> {
  if (!kinds.includes(kind))
    throw new UserError(`keys rotate: ${JSON.stringify(kind)} is none of ${kinds.join(', ')} (docs/key-rotation.md)`);
  const cluster = readCluster(dataDir);
  if (!cluster) throw new UserError(`no cluster in ${dataDir}: start one with \`npm run up\``);
  if (kind === 'certificates') {
    writeKubeconfig(cluster, await ensurePki(cluster, { renewAll: true }));
    console.log(`New certificates for the API server, the administrator (${cluster.kubeconfig}) and the node.`);
  } else {
    await rotateSigningKey(join(dataDir, 'pki'));
    console.log('A new key signs service account tokens; tokens of the one before stay good until `keys retire`.');
  }
  await tell(dataDir);
}

export async function retire(kind: string, { dataDir }: Options): Promise<void> {
  if (kind !== 'service-account')
    throw new UserError('keys retire: only service-account keys are kept beside a new one');
  if (!readCluster(dataDir)) throw new UserError(`no cluster in ${dataDir}: start one with \`npm run up\``);
  const gone = retireSigningKeys(join(dataDir, 'pki'));
  await tell(dataDir);
  console.log(`${gone} former ${gone === 1 ? 'key' : 'keys'} gone: tokens that they signed are good no more.`);
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
