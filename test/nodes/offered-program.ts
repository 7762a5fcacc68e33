// The program that a cluster's control plane offers its nodes, and another one in its place.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { programFile, sumsFile, unpackedProgram } from '../../core/node/agent-program.ts';
import type { TestCluster } from '../tools/cluster.ts';

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const directory = ({ dataDir }: TestCluster) => join(dataDir, 'release');

export function offeredProgram(cluster: TestCluster): Buffer {
  return gunzipSync(readFileSync(join(directory(cluster), programFile(architecture))));
}

/** As `npm run release` and `up` of another version would. */
export function offerProgram(cluster: TestCluster, program: Buffer): void {
  const packed = gzipSync(program, { level: 1 });
  const partial = `${directory(cluster)}.partial`;
  mkdirSync(partial);
  writeFileSync(join(partial, programFile(architecture)), packed);
  const sums = [
    [sha256(packed), programFile(architecture)],
    [sha256(program), unpackedProgram(architecture)],
  ];
  writeFileSync(join(partial, sumsFile), sums.map(([sum, file]) => `${sum}  ${file}\n`).join(''));
  rmSync(directory(cluster), { recursive: true });
  renameSync(partial, directory(cluster));
}
