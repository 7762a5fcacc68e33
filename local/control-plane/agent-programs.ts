// The agents that this cluster gives to machines which become its nodes: what `zeroplane node token` put into the data directory.

import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentProgram, programFile } from '../../functions/apiserver/install/agent-program.ts';

/** In a data directory. */
export function agentProgramsDir(dataDir: string): string {
  return join(dataDir, 'release');
}

/** Lines as sha256sum writes them. */
export const sumsFile = 'SHA256SUMS';

export async function readAgentPrograms(directory: string): Promise<readonly AgentProgram[]> {
  const text = await readFile(join(directory, sumsFile), 'utf8').catch(() => '');
  const programs = ['amd64', 'arm64'].map(async (architecture): Promise<readonly AgentProgram[]> => {
    const file = programFile(architecture);
    const [sha256] =
      text
        .split('\n')
        .find((line) => line.endsWith(`  ${file}`))
        ?.split(' ') ?? [];
    const path = join(directory, file);
    const found = await stat(path).catch(() => undefined);
    if (sha256 === undefined || !found) return [];
    return [
      { architecture, bytes: found.size, sha256, read: () => createReadStream(path, { highWaterMark: 256 * 1024 }) },
    ];
  });
  return (await Promise.all(programs)).flat();
}
