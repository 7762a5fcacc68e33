import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ReadingSocket } from './reading-socket.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Connected to a peer that sends `text`, and is gone with what was written to it unread. */
async function leftBehind(text: string): Promise<ReadingSocket> {
  const server = net.createServer((peer) => {
    peer.pause();
    peer.once('error', () => {});
    setImmediate(() => peer.write(text, () => peer.resetAndDestroy()));
  });
  closing.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = new ReadingSocket();
  closing.push(() => socket.destroy());
  // as: a TCP server's address.
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

describe('a socket whose peer has left', () => {
  it('gives what the peer sent before, though writes fail by then', async () => {
    const said = 'x'.repeat(100_000);
    const socket = await leftBehind(said);
    const failure = once(socket, 'error');
    let heard = '';
    // Not read until writes have failed for certain.
    const writing = setInterval(() => socket.write('more'), 5);
    await expect.poll(() => socket.writableLength > 8).toBe(true);
    clearInterval(writing);
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    await failure;
    expect(heard).toBe(said);
  });

  it('tells that a write failed once all was read', async () => {
    const socket = await leftBehind('all');
    socket.on('error', () => {});
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    const failed = await new Promise((resolve) => socket.write('more', resolve));
    expect(failed).toBeInstanceOf(Error);
  });
});
