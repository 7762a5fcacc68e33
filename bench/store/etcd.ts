// An etcd server for comparison, and the one request of its API that the comparison needs: create a key if it does not exist.
// Fields: etcd's rpc.proto (TxnRequest, Compare, RequestOp, PutRequest).

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';

export interface Etcd {
  create(key: string, value: Uint8Array): Promise<void>;
  stop(): Promise<void>;
}

const binary = '/usr/bin/etcd';

/** undefined where etcd is not installed. Its data lies in `folder`, on the same device as the engine it stands beside. */
export async function startEtcd(folder: string): Promise<Etcd | undefined> {
  if (!existsSync(binary)) return undefined;
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const server = spawn(
    binary,
    [
      ...['--data-dir', join(folder, 'etcd'), '--log-level', 'error'],
      ...['--listen-client-urls', `http://127.0.0.1:${clientPort}`],
      ...['--advertise-client-urls', `http://127.0.0.1:${clientPort}`],
      ...['--listen-peer-urls', `http://127.0.0.1:${peerPort}`],
      ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peerPort}`],
      ...['--initial-cluster', `default=http://127.0.0.1:${peerPort}`],
    ],
    { stdio: 'ignore' },
  );
  const client = new Client(`127.0.0.1:${clientPort}`, credentials.createInsecure());
  await new Promise<void>((resolve, reject) =>
    client.waitForReady(Date.now() + 20_000, (error) => (error ? reject(error) : resolve())),
  );
  const create = (key: string, value: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const identity = (bytes: Buffer) => bytes;
      client.makeUnaryRequest('/etcdserverpb.KV/Txn', identity, identity, createRequest(key, value), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  await create('ready', new Uint8Array(1));
  return {
    create,
    async stop() {
      client.close();
      await end(server);
    },
  };
}

function createRequest(key: string, value: Uint8Array): Buffer {
  const name = Buffer.from(key);
  // target MOD, mod_revision 0: the key does not exist.
  const compare = Buffer.concat([varint(2, 2), field(3, name), varint(6, 0)]);
  const put = Buffer.concat([field(1, name), field(2, value)]);
  return Buffer.concat([field(1, compare), field(2, field(2, put))]);
}

/** A length-delimited protobuf field. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), base128(bytes.length), bytes]);
}

function varint(number: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([number << 3]), base128(value)]);
}

function base128(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
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
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
}
