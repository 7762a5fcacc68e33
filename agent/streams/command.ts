// exec and attach on the node: frames of the API server's stream on one side, the runtime's streams on the other.

import { StatusError } from '../../core/machinery/status.ts';
import { channels, type FrameSocket, frame } from '../../core/node/frame-socket.ts';
import type { StreamRequest } from '../../core/node/protocol.ts';
import type { SpdyConnection } from '../../core/node/spdy/connection.ts';
import type { SpdyStream } from '../../core/node/spdy/stream.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import { connectRuntimeStream } from './runtime-stream.ts';

type CommandRequest = Extract<StreamRequest, { type: 'exec' | 'attach' }>;

/** A runtime that ends a stream sends its Status last; one larger than this is not one. */
const maxStatusBytes = 64 * 1024;

/** Resolves when the command is over, or nobody listens any more. Throws GrpcError, RuntimeStreamError before the first frame. */
export async function serveCommand(
  runtime: ContainerRuntime,
  containerId: string,
  request: CommandRequest,
  server: FrameSocket,
): Promise<void> {
  const { stdin, stdout, stderr, tty } = request;
  const options = { containerId, stdin, stdout, stderr, tty };
  const { url } =
    request.type === 'exec' ? await runtime.exec({ ...options, cmd: request.command }) : await runtime.attach(options);
  const spdy = await connectRuntimeStream(url, 'v4.channel.k8s.io');
  try {
    await carry(spdy, request, server);
  } finally {
    spdy.destroy();
  }
}

async function carry(spdy: SpdyConnection, request: CommandRequest, server: FrameSocket): Promise<void> {
  const open = (streamtype: string, wanted: boolean, fin: boolean) =>
    wanted ? spdy.openStream({ streamtype }, { fin }) : Promise.resolve(undefined);
  // The runtime wants the error stream first. With the last of them it begins, and may be gone before another frame is sent.
  const error = await spdy.openStream({ streamtype: 'error' }, { fin: true });
  const stdin = await open('stdin', request.stdin, false);
  const stdout = await open('stdout', request.stdout, true);
  const stderr = await open('stderr', request.stderr, true);
  const resize = await open('resize', request.tty, false);
  // Says that it has begun, before there is any output.
  await server.send(frame(channels.stdout));

  void fromServer(server, stdin, resize)
    .catch(() => undefined)
    .finally(() => spdy.destroy());
  void server.deserted().then(() => spdy.destroy());
  const [status] = await Promise.all([
    statusOf(error),
    output(stdout, channels.stdout, server),
    output(stderr, channels.stderr, server),
  ]);
  await server.send(frame(channels.error, status));
}

/** Ends when the server has gone. */
async function fromServer(server: FrameSocket, stdin?: SpdyStream, resize?: SpdyStream): Promise<void> {
  for await (const each of server.frames) {
    const data = each.subarray(1);
    // A command that has closed its input, or ended, still has output to give: what it does not take is dropped.
    if (each[0] === channels.stdin) await stdin?.write(data).catch(() => undefined);
    else if (each[0] === channels.resize) await resize?.write(data).catch(() => undefined);
    else if (each[0] === channels.close && data[0] === channels.stdin) stdin?.end();
  }
}

async function output(stream: SpdyStream | undefined, channel: number, server: FrameSocket): Promise<void> {
  if (!stream) return;
  try {
    for await (const chunk of stream.data) await server.send(frame(channel, chunk));
  } catch {
    // A stream that the runtime resets has given all that it will.
  }
}

/** The Status on the error stream as JSON. Source: remotecommand protocol v4: empty means that the runtime broke off. */
async function statusOf(error: SpdyStream): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of error.data) {
      size += chunk.length;
      if (size > maxStatusBytes) break;
      chunks.push(chunk);
    }
  } catch {
    // What came before it broke off is looked at all the same.
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text !== '') return text;
  return JSON.stringify(
    new StatusError('InternalError', 'the container runtime ended the stream without saying how the command ended')
      .status,
  );
}
