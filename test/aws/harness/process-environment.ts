// An execution environment as Lambda has it: a process of AWS's own runtime interface client, which asks a Runtime API for work.
// Source: Lambda developer guide, "Using the Lambda runtime API for custom runtimes", with response streaming.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { type ExecutionEnvironment, type Invocation, InvocationError, type Take } from './execution-environment.ts';
import type { FunctionOptions } from './lambda.ts';

interface Current extends Invocation {
  readonly take: Take | undefined;
  resolve(result: unknown): void;
  reject(error: InvocationError): void;
}

/** `client`: the folder of the runtime interface client. */
export function startProcess(client: string) {
  return (options: FunctionOptions): ExecutionEnvironment => {
    const { name } = options;
    const ready = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    ready.promise.catch(() => undefined);
    let current: Current | undefined;
    let asking: ServerResponse | undefined;
    let initMs = 0;
    let loaded: readonly string[] = [];

    const hand = () => {
      if (!current || !asking) return;
      asking.setHeader('lambda-runtime-aws-request-id', current.requestId);
      asking.setHeader('lambda-runtime-deadline-ms', current.deadline);
      asking.setHeader('lambda-runtime-invoked-function-arn', `arn:aws:lambda:us-east-1:000000000000:function:${name}`);
      asking.end(JSON.stringify(current.event));
      asking = undefined;
    };
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const [, , , kind, id, what] = (request.url ?? '').split('/');
      if (kind === 'invocation' && id === 'next') {
        initMs ||= Number(request.headers['x-init-ms'] ?? 0);
        loaded = String(request.headers['x-loaded'] ?? '').split(',');
        ready.resolve();
        asking = response;
        return hand();
      }
      if (kind === 'init') {
        ready.reject(new Error((await read(request)).toString()));
        return void response.writeHead(202).end();
      }
      const work = current?.requestId === id ? current : undefined;
      if (what === 'response' && request.headers['lambda-runtime-function-response-mode'] === 'streaming') {
        await pass(request, work?.take);
        const failure = request.trailers['lambda-runtime-function-error-body'];
        response.writeHead(202).end();
        if (failure === undefined) work?.resolve(undefined);
        else work?.reject(failedWith(name, Buffer.from(failure, 'base64').toString()));
        return;
      }
      const body = (await read(request)).toString();
      response.writeHead(202).end();
      if (what === 'response') work?.resolve(JSON.parse(body));
      else work?.reject(failedWith(name, body));
    };

    const server = createServer((request, response) => {
      answer(request, response).catch((error: Error) => {
        // A connection that breaks is a process that was ended.
        const code = request.destroyed ? 'killed' : 'failed';
        current?.reject(new InvocationError(code, `${name}: ${error.message}`));
        response.destroy();
      });
    });
    const starting = listen(server).then((port) => {
      const child = spawn(process.execPath, [join(client, 'index.mjs')], {
        env: {
          ...options.env,
          NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'native-client.mjs')).href}`,
          AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
          AWS_LAMBDA_FUNCTION_NAME: name,
          AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
          AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
          AWS_LAMBDA_LOG_GROUP_NAME: name,
          AWS_LAMBDA_LOG_STREAM_NAME: name,
          LAMBDA_TASK_ROOT: options.bundle,
          _HANDLER: `index.${options.handler}`,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      createInterface({ input: child.stdout }).on('line', options.onLine);
      child.once('exit', () => {
        ready.reject(new Error(`${name} ended before it was ready`));
        current?.reject(new InvocationError('killed', `${name}: its environment ended`));
        server.closeAllConnections();
        server.close();
        ended.resolve();
      });
      child.once('error', ready.reject);
      return child;
    });

    return {
      ready: ready.promise,
      ended: ended.promise,
      get initMs() {
        return initMs;
      },
      get loaded() {
        return loaded;
      },
      invoke(invocation, take) {
        return new Promise<unknown>((resolve, reject) => {
          current = { ...invocation, take, resolve, reject };
          hand();
        }).finally(() => {
          current = undefined;
        });
      },
      async end() {
        (await starting).kill('SIGKILL');
        await ended.promise;
      },
    };
  };
}

/** `body`: what the client says of the error: type, message, stack. */
function failedWith(name: string, body: string): InvocationError {
  return new InvocationError('failed', `${name}: ${body}`);
}

/** As fast as it is taken: what is not taken yet holds up the function's writes. */
async function pass(request: IncomingMessage, take: Take | undefined): Promise<void> {
  // Nobody takes it any more: the function runs on, unknowing, as it does on Lambda.
  for await (const chunk of request) await take?.(chunk).catch(() => undefined);
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server's address is never a string, and is there while it listens.
  return (server.address() as AddressInfo).port;
}
