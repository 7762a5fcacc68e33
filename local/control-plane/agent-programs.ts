// The agents that this cluster gives to machines which become its nodes: what `zeroplane node token` put into the data directory.

import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { programFile, readSums, sumsFile, unpackedProgram, unpackedSumsFile } from '../../core/node/agent-program.ts';
import type { AgentProgram } from '../../functions/apiserver/install/agent-program.ts';

/** In a data directory. */
export function agentProgramsDir(dataDir: string): string {
  return join(dataDir, 'release');
}

export async function readAgentPrograms(directory: string): Promise<readonly AgentProgram[]> {
  const texts = [sumsFile, unpackedSumsFile].map((file) => readFile(join(directory, file), 'utf8').catch(() => ''));
  const sums = readSums((await Promise.all(texts)).join('\n'));
  const programs = ['amd64', 'arm64'].map(async (architecture): Promise<readonly AgentProgram[]> => {
    const file = programFile(architecture);
    const sha256 = sums.get(file);
    const path = join(directory, file);
    const found = await stat(path).catch(() => undefined);
    if (sha256 === undefined || !found) return [];
    const read = () => createReadStream(path, { highWaterMark: 256 * 1024 });
    return [{ architecture, bytes: found.size, sha256, unpackedSha256: sums.get(unpackedProgram(architecture)), read }];
  });
  return (await Promise.all(programs)).flat();
}
