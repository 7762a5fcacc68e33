import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ByteQueue } from '../../core/node/byte-queue.ts';
import { channels, type FrameSocket, frame } from '../../core/node/frame-socket.ts';
import { serveConnect } from './connect.ts';
import { podAddress, type StreamPod } from './stream-pods.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that answers what it hears in capitals, and ends when its client does. */
async function listen(): Promise<number> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
    socket.on('end', () => socket.end());
  });
  closing.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // as: a TCP server's address.
  return (server.address() as AddressInfo).port;
}

function peer() {
  const frames = new ByteQueue(1 << 20, () => {});
  const sent: Buffer[] = [];
  const socket: FrameSocket = {
    frames,
    send: async (each) => void sent.push(Buffer.from(each)),
    deserted: () => frames.deserted(100),
    close: () => frames.end(),
  };
  return { frames, sent, socket };
}

describe('a connection to a pod', () => {
  it('carries bytes both ways, and the end of each direction', async () => {
    const { frames, sent, socket } = peer();
    frames.push(frame(channels.stdin, 'hello'));
    frames.push(Buffer.from([channels.close, channels.stdin]));
    await serveConnect('127.0.0.1', await listen(), socket);
    expect(sent).toEqual([frame(channels.stdin, 'HELLO'), Buffer.from([channels.close, channels.stdin])]);
  });

  it('says where nobody listens', async () => {
    const port = await listen();
    for (const close of closing.splice(0)) close();
    await expect(serveConnect('127.0.0.1', port, peer().socket)).rejects.toMatchObject({
      reason: 'ServiceUnavailable',
      message: expect.stringContaining(`dial tcp 127.0.0.1:${port}: `),
    });
  });

  it('goes to the address that the runtime gave it, or to the node', () => {
    const pod = (hostNetwork: boolean, ips: string[]): StreamPod => ({
      status: { podIP: '127.0.0.1' },
      observed: {
        containers: [],
        sandboxes: [{ id: 's', attempt: 0, ready: true, createdAt: 0, ips, hostNetwork }],
      },
    });
    expect(podAddress(pod(false, ['10.0.0.9']), 'p', '192.0.2.1')).toBe('10.0.0.9');
    expect(podAddress(pod(true, []), 'p', '192.0.2.1')).toBe('192.0.2.1');
    expect(() => podAddress(pod(false, []), 'p', '192.0.2.1')).toThrow('has no address yet');
    expect(() => podAddress(undefined, 'p', '192.0.2.1')).toThrow('is not running');
  });
});
