// A token for one node, made as its user makes it: `zeroplane join-token | kubectl apply -f -`.

import { join } from 'node:path';
import { runTool } from './kubectl.ts';

export interface JoinToken {
  /** The Secret behind it: YAML. */
  readonly manifest: string;
  /** What `zeroplane agent join --token` takes. */
  readonly token: string;
}

export async function makeJoinToken(): Promise<JoinToken> {
  const main = join(import.meta.dirname, '../../cli/main.ts');
  const { code, stdout: manifest, stderr } = await runTool(process.execPath, [main, 'join-token']);
  const token = /[a-z0-9]{6}\.[a-z0-9]{16}/.exec(stderr)?.[0];
  if (code !== 0 || token === undefined) throw new Error(`zeroplane join-token exited ${code}: ${stderr}`);
  return { manifest, token };
}
