// A client waits for a stream: dial in, or post, and serve it from this node's containers.

import { errorText } from '../../core/machinery/error-text.ts';
import { StatusError } from '../../core/machinery/status.ts';
import { channels, type FrameSocket, frame } from '../../core/node/frame-socket.ts';
import type { DialRequest, StreamRequest } from '../../core/node/protocol.ts';
import type { ApiClient, ApiCredentials } from '../api-client/api-client.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import type { NodeApiContext } from '../node-api/context.ts';
import { serveCommand } from './command.ts';
import { serveConnect } from './connect.ts';
import { dialIn } from './dial-in.ts';
import { serveLog } from './log.ts';
import { servePortForward } from './port-forward.ts';
import { relayIn } from './relay-in.ts';
import { podAddress, runningContainer, runningSandbox, type StreamPods } from './stream-pods.ts';

export interface StreamContext {
  readonly options: { readonly credentials: ApiCredentials; readonly nodeName: string; readonly nodeIP: string };
  readonly api: ApiClient;
  readonly pods: StreamPods;
  readonly runtime: ContainerRuntime;
  /** Where the pods' log directories are. */
  readonly logsDir: string;
  /** What the node's own API tells. */
  readonly node: NodeApiContext;
  readonly log: { warn(fields: object, text: string): void };
}

/** Streams whose failure is sent as a text: at the other end is a connection. */
const textual: ReadonlySet<StreamRequest['type']> = new Set(['connect', 'portforward']);

/** Resolves when the stream is over. Never rejects: what fails is reported to the client, or logged when there is none. */
export async function serveStream(stream: DialRequest, context: StreamContext): Promise<void> {
  const { id, request } = stream;
  const { log } = context;
  const pod = request.type === 'node' ? {} : { pod: `${request.namespace}/${request.pod}` };
  const subject = { id, type: request.type, ...pod };
  let server: FrameSocket;
  try {
    server = await comeTo(stream, context);
  } catch (error) {
    // A request to dial that comes twice, or late, finds nobody who waits.
    log.warn({ ...subject, error: String(error) }, 'the dial-in for a stream was not taken');
    return;
  }
  try {
    await serve(request, context, server);
  } catch (error) {
    const status = error instanceof StatusError ? error : new StatusError('InternalError', errorText(error));
    const text = textual.has(request.type) ? status.message : JSON.stringify(status.status);
    await server.send(frame(channels.error, text)).catch(() => undefined);
  } finally {
    server.close();
  }
}

/** Rejects when nobody waits for it, or another agent serves it: then nothing of it must be done. */
async function comeTo({ id, request, relayed, channel }: DialRequest, context: StreamContext): Promise<FrameSocket> {
  const { options, api } = context;
  const { credentials, nodeName } = options;
  if (channel) {
    const { dialChannel } = await import('../../core/node/channel/dial.ts');
    const { ca } = credentials;
    const come = { offer: channel, id, request, end: 'node', other: 'the client of the stream' } as const;
    return dialChannel({ ...come, ...(ca !== undefined && { ca }) });
  }
  return relayed ? relayIn(api, nodeName, id, request.type) : dialIn(credentials, nodeName, id);
}

async function serve(request: StreamRequest, context: StreamContext, server: FrameSocket): Promise<void> {
  if (request.type === 'node') {
    const { serveNodeApi } = await import('../node-api/node-api.ts');
    return serveNodeApi(context.node, server);
  }
  const { pods, runtime, logsDir } = context;
  const pod = pods.get(request.uid);
  switch (request.type) {
    case 'log':
      return serveLog({ request, pods, logsDir, files: context.node.files, server, now: Date.now });
    case 'exec':
    case 'attach':
      return serveCommand(runtime, runningContainer(pod, request.pod, request.container).id, request, server);
    case 'connect':
      return serveConnect(podAddress(pod, request.pod, context.options.nodeIP), request.port, server);
    case 'portforward':
      return servePortForward(runtime, runningSandbox(pod, request.pod).id, request.port, server);
  }
}
