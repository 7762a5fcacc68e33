import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startFauxqs } from 'fauxqs';
import { expect, it } from 'vitest';
import { createJsonService } from '../../signature/json-service.ts';
import { queueContract } from '../contract.ts';
import { createLocalQueue } from '../local/local-queue.ts';
import { createSqsProtocol } from '../local/protocol.ts';
import { createSqsQueue } from './sqs-queue.ts';

function serviceAt(url: string) {
  const keys = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  return createJsonService({
    service: 'sqs',
    env: { ...keys, AWS_ENDPOINT_URL_SQS: url },
    answerMs: 4000,
    attempts: 3,
  });
}

queueContract('SQS queues on the local protocol', async () => {
  const { url, close } = await serveProtocol();
  const service = serviceAt(url);
  return {
    queue: createSqsQueue({ service, visibilitySeconds: 1 }),
    dispose: async () => {
      service.close();
      await close();
    },
  };
});

queueContract('SQS queues on an SQS stand-in', async () => {
  const server = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const service = serviceAt(endpoint);
  return {
    queue: createSqsQueue({ service, visibilitySeconds: 1, prefix: 'zeroplane-' }),
    dispose: async () => {
      service.close();
      await server.stop();
    },
  };
});

it('asks for no URL where it can tell it', async () => {
  const { url, targets, close } = await serveProtocol();
  const service = serviceAt(url);
  const queue = createSqsQueue({ service, visibilitySeconds: 1, urlOf: (name) => `${url}/queues/${name}` });
  await queue.send('node-1', 'a');
  expect(await queue.receive('node-1', { waitSeconds: 0, max: 1 })).toHaveLength(1);
  expect(targets).toEqual(['AmazonSQS.SendMessage', 'AmazonSQS.ReceiveMessage']);
  service.close();
  await close();
});

it('names a queue that is not there', async () => {
  const server = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const service = serviceAt(endpoint);
  const queue = createSqsQueue({ service, visibilitySeconds: 1 });
  await expect(queue.send('nobody', 'a')).rejects.toMatchObject({ code: 'missing', queue: 'nobody' });
  service.close();
  await server.stop();
});

/** A server around the protocol handler, as the API server is. */
async function serveProtocol() {
  let url = '';
  const targets: string[] = [];
  const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 1 });
  const protocol = createSqsProtocol(queue, (name) => `${url}/queues/${name}`);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const controller = new AbortController();
    response.on('close', () => controller.abort());
    const target = String(request.headers['x-amz-target']);
    targets.push(target);
    const answer = await protocol(target, JSON.parse(Buffer.concat(chunks).toString()), controller.signal);
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // as: a TCP server's address.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url, targets, close };
}
