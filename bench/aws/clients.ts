// What a function would pay for speaking to DynamoDB through AWS's own client, beside what it pays for ours: both bundled as functions
// are, each in a process of its own, in turns.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundleEntry } from '../../infra/bundles.ts';
import { startDynamoServer } from '../../test/aws/harness/dynamo-server.ts';

export interface ClientCost {
  readonly client: string;
  readonly 'bundle, KB gzipped': number;
  /** Processor time, as all below. */
  readonly 'loaded in, ms': number;
  readonly 'first call, ms': number;
  readonly 'GetItem of 1 KB, µs': number;
  readonly 'PutItem of 1 KB, µs': number;
}

interface Probed {
  readonly load: number;
  readonly first: number;
  readonly read: number;
  readonly write: number;
}

const clients = { ours: 'own.ts', "AWS's": 'sdk.ts' } as const;
const runs = 7;

/** Medians. */
export async function measureClients(): Promise<ClientCost[]> {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-clients-'));
  const server = await startDynamoServer('127.0.0.1');
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: server.url,
  };
  try {
    const alias = { '@aws-sdk/credential-provider-node': join(import.meta.dirname, 'clients/no-provider.ts') };
    const bundled = await Promise.all(
      Object.entries(clients).map(async ([name, entry]) => {
        const directory = join(folder, entry);
        await bundleEntry(`bench/aws/clients/${entry}`, directory, { alias });
        return { name, directory, probed: [] as Probed[] };
      }),
    );
    const probe = join(import.meta.dirname, 'clients/probe.mjs');
    for (let run = 0; run < runs; run++)
      for (const { directory, probed } of bundled) {
        const url = pathToFileURL(join(directory, 'index.mjs')).href;
        const { stdout } = await promisify(execFile)(process.execPath, [probe, url], { env });
        probed.push(JSON.parse(stdout) as Probed); // as: what the probe prints.
      }
    return bundled.map(({ name, directory, probed }) => {
      const median = (field: keyof Probed, unit: number) => {
        const sorted = probed.map((each) => each[field]).sort((a, b) => a - b);
        return Math.round((sorted[Math.floor(runs / 2)] ?? 0) / unit);
      };
      const sizes = readdirSync(directory).map((file) => gzipSync(readFileSync(join(directory, file))).length);
      return {
        client: name,
        'bundle, KB gzipped': Math.round(sizes.reduce((sum, each) => sum + each, 0) / 1024),
        'loaded in, ms': median('load', 1000),
        'first call, ms': median('first', 1000),
        'GetItem of 1 KB, µs': median('read', 1),
        'PutItem of 1 KB, µs': median('write', 1),
      };
    });
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
