// A containerd of Windows, played: CRI by real protocol buffers at a socket, containers that are functions, and every request kept.

import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { createMemoryRuntime } from '../../../../test/conformance/cluster/memory-runtime.ts';
import type { Programs } from '../../../../test/conformance/cluster/programs.ts';
import * as events from '../../../cri/containerd-events.ts';
import { GrpcError } from '../../../cri/grpc.ts';
import { type ContainerRuntime, criMethods } from '../../../cri/runtime.ts';
import { decode, encode } from '../../../cri/wire.ts';

export interface PlayedContainerd {
  /** `RunPodSandbox` -> what it was asked for, in order. */
  asked(method: keyof typeof criMethods): readonly ReturnType<typeof JSON.parse>[];
  stop(): Promise<void>;
}

const subscribe = '/containerd.services.events.v1.Events/Subscribe';

export async function playContainerd(socket: string, programs: Programs, podPrefix: string): Promise<PlayedContainerd> {
  const memory = createMemoryRuntime({ programs, now: Date.now, address: (n) => `${podPrefix}.${n + 3}` });
  const runtime: ContainerRuntime = {
    ...memory,
    version: async () => ({
      version: '0.1.0',
      runtimeName: 'containerd',
      runtimeVersion: 'v2.1.4',
      runtimeApiVersion: 'v1',
    }),
    status: async () => ({
      status: {
        conditions: ['RuntimeReady', 'NetworkReady'].map((type) => ({ type, status: true, reason: '', message: '' })),
      },
      info: {},
    }),
    listContainerStats: async (request) => {
      const { containers } = await memory.listContainers({
        filter: { labelSelector: request.filter?.labelSelector ?? {} },
      });
      return {
        stats: containers.map(({ id, metadata, labels }) => ({
          attributes: { id, ...(metadata && { metadata }), labels, annotations: {} },
          cpu: { timestamp: 0n, usageCoreNanoSeconds: { value: 5_000_000_000 } },
          memory: { timestamp: 0n, workingSetBytes: { value: 40 * 2 ** 20 } },
        })),
      };
    },
    // Nobody listens there: what is looked at is what was asked for.
    exec: async () => ({ url: 'http://127.0.0.1:9/exec/token' }),
    portForward: async () => ({ url: 'http://127.0.0.1:9/portforward/token' }),
  };
  const requests: { method: string; request: unknown }[] = [];
  const server = new Server();
  for (const [name, { path, request, response }] of Object.entries(criMethods)) {
    const definition = {
      [name]: {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: Buffer) => value,
        requestDeserialize: (bytes: Buffer) => decode(request, bytes),
        responseSerialize: (value: object) => encode(response, value),
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    };
    server.addService(definition, {
      [name]: (call: { request: object }, done: (error: object | null, value?: object) => void) => {
        requests.push({ method: name, request: call.request });
        // as: each entry of the table has the function of the same name.
        const handle = runtime[name as keyof typeof criMethods] as (request: object) => Promise<object>;
        handle(call.request).then(
          (value) => done(null, value),
          (error: unknown) =>
            done({ code: error instanceof GrpcError ? error.code : status.UNKNOWN, details: String(error) }),
        );
      },
    });
  }
  const streaming = new AbortController();
  server.addService(
    {
      subscribe: {
        path: subscribe,
        requestStream: false,
        responseStream: true,
        requestSerialize: (value: Buffer) => value,
        requestDeserialize: (bytes: Buffer) => decode(events.SubscribeRequest, bytes),
        responseSerialize: (value: object) => encode(events.Envelope, value),
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    },
    {
      subscribe: async (call: { write(value: object): void; end(): void }) => {
        for await (const { containerId, kind } of runtime.events(streaming.signal)) {
          const topic = kind === 'exited' ? '/tasks/exit' : '/tasks/start';
          const event = kind === 'exited' ? { containerId, id: containerId } : { containerId };
          const type = kind === 'exited' ? events.TaskExit : events.TaskEvent;
          call.write({ namespace: 'k8s.io', topic, event: { typeUrl: '', value: encode(type, event) } });
        }
        call.end();
      },
    },
  );
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  return {
    asked: (method) => requests.flatMap((each) => (each.method === method ? [each.request] : [])),
    async stop() {
      streaming.abort();
      memory.close();
      server.forceShutdown();
    },
  };
}
