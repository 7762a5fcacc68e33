// What a function is before its first request: the size of its bundle, what of it is loaded at start, and the processor time of its
// initialisation under AWS's own runtime interface client.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type FunctionName, functionRows } from '../../infra/function-rows.ts';
import type { AwsCluster } from '../../test/aws/harness/cluster.ts';

export interface Start {
  readonly function: FunctionName;
  /** Gzipped, with everything that it may ever load. */
  readonly 'bundle, KB': number;
  /** Gzipped, what is loaded before the first request. */
  readonly 'loaded at start, KB': number;
  /** Processor time from the end of Node.js' own start to readiness: median of the starts. */
  readonly 'initialised in, ms': number;
}

const starts = 5;

/** The functions' environments must be processes. */
export async function measureStart(cluster: AwsCluster, name: FunctionName, event: unknown): Promise<Start> {
  const target = cluster.functions[name];
  for (let i = 0; i < starts; i++) {
    await target.kill();
    await target.invoke(event, async () => undefined);
  }
  const directory = join(cluster.folder, functionRows[name].bundle);
  const size = (files: readonly string[]) =>
    Math.round(files.reduce((sum, file) => sum + gzipSync(readFileSync(join(directory, file))).length, 0) / 1024);
  const times = target.initMs.slice(-starts).sort((a, b) => a - b);
  return {
    function: name,
    'bundle, KB': size(readdirSync(directory)),
    'loaded at start, KB': size(target.loaded),
    'initialised in, ms': times[Math.floor(starts / 2)] ?? 0,
  };
}
