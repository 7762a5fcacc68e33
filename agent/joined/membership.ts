// The node's place in its cluster, as it is kept in the agent's data directory.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseJson } from '../../core/machinery/json.ts';
import type { JoinAnswer } from '../../core/node/joining.ts';
import { writePrivateFile } from '../../core/process/private-file.ts';
import type { NodeKey } from './node-key.ts';

export interface Membership {
  readonly server: string;
  /** PEM. Without it the machine's own roots count. */
  readonly ca?: string;
  readonly nodeName: string;
  readonly answer: JoinAnswer;
  readonly nodeKey: NodeKey;
}

function fileIn(dataDir: string): string {
  return path.join(dataDir, 'membership.json');
}

/** undefined: none yet, or broken, so that the node joins anew. */
export async function readMembership(dataDir: string): Promise<Membership | undefined> {
  try {
    // as: this program wrote it.
    return parseJson(await readFile(fileIn(dataDir), 'utf8')) as Membership;
  } catch {
    return undefined;
  }
}

export function writeMembership(dataDir: string, membership: Membership): void {
  writePrivateFile(fileIn(dataDir), JSON.stringify(membership));
}
