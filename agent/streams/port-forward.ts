// One forwarded connection on the node, through the runtime into the pod's network.

import { channels, type FrameSocket, frame } from '../../core/node/frame-socket.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import { connectRuntimeStream } from './runtime-stream.ts';

/** Resolves when both directions are over, or either end left. Throws GrpcError, RuntimeStreamError, SpdyStreamError. */
export async function servePortForward(
  runtime: ContainerRuntime,
  sandboxId: string,
  port: number,
  server: FrameSocket,
): Promise<void> {
  const { url } = await runtime.portForward({ podSandboxId: sandboxId, port: [port] });
  const spdy = await connectRuntimeStream(url, 'portforward.k8s.io');
  try {
    const headers = { port: String(port), requestid: '0' };
    const error = await spdy.openStream({ ...headers, streamtype: 'error' }, { fin: true });
    const data = await spdy.openStream({ ...headers, streamtype: 'data' });
    // A server that has answered and left may have more to read of it: what it does not take is dropped.
    const fromServer = async () => {
      for await (const each of server.frames) {
        if (each[0] === channels.stdin) await data.write(each.subarray(1)).catch(() => undefined);
        else if (each[0] === channels.close) data.end();
      }
    };
    void fromServer()
      .catch(() => undefined)
      .finally(() => spdy.destroy());
    void server.deserted().then(() => spdy.destroy());
    const failures = async () => {
      for await (const chunk of error.data) await server.send(frame(channels.error, chunk));
    };
    const failed = failures().catch(() => undefined);
    try {
      for await (const chunk of data.data) await server.send(frame(channels.stdin, chunk));
    } catch {
      // Reset by the runtime, or the server has gone: either way nothing more comes.
    }
    // The runtime ends the data before it tells what was wrong with it; without a failure it just ends the error stream.
    await failed;
    await server.send(Buffer.from([channels.close, channels.stdin]));
  } finally {
    spdy.destroy();
  }
}
