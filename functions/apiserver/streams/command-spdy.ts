// exec and attach over SPDY/3.1: a stream for each channel. Source: Kubernetes' remotecommand protocols v1 to v4.

import type { Status } from '../../../core/machinery/status.ts';
import { type Account, channels, frame } from '../../../core/node/frame-socket.ts';
import type { SpdyStream } from '../../../core/node/spdy/stream.ts';
import type { UpgradeConnection } from '../http.ts';
import type { CommandClient, CommandRequest } from './command-client.ts';
import { mergeFrames } from './merge-frames.ts';
import { acceptSpdy } from './spdy.ts';

export const spdyCommandVersions = [
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
] as const;

/** How long the client has to open its streams. */
const streamsTimeoutMs = 30_000;

/** Rejects when the client does not open its streams in time. */
export async function openSpdyCommand(
  connection: UpgradeConnection,
  version: string,
  account: Account,
  { stdin, stdout, stderr, tty }: CommandRequest,
): Promise<CommandClient> {
  const wanted = new Set(['error']);
  if (stdin) wanted.add('stdin');
  if (stdout) wanted.add('stdout');
  if (stderr) wanted.add('stderr');
  if (tty && (version.startsWith('v4') || version.startsWith('v3'))) wanted.add('resize');

  const streams = new Map<string, SpdyStream>();
  let complete: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    complete = resolve;
  });
  const spdy = acceptSpdy(
    connection,
    version,
    (stream) => {
      const type = stream.headers['streamtype'] ?? '';
      if (!wanted.has(type) || streams.has(type)) {
        stream.reset();
        return;
      }
      streams.set(type, stream);
      if (streams.size === wanted.size) complete();
    },
    account,
  );
  const timer = setTimeout(() => spdy.destroy(), streamsTimeoutMs);
  await Promise.race([opened, spdy.closed]);
  clearTimeout(timer);
  if (streams.size < wanted.size) {
    spdy.destroy();
    throw new Error('the client did not open its streams');
  }

  const outputs: Record<number, SpdyStream | undefined> = {
    [channels.stdout]: streams.get('stdout'),
    [channels.stderr]: streams.get('stderr'),
  };
  return {
    frames: mergeFrames([input(streams.get('stdin')), resizes(streams.get('resize'))], spdy.closed),
    async send(channel, data) {
      await outputs[channel]?.write(data);
    },
    async finish(status: Status) {
      const error = streams.get('error');
      const text = version.startsWith('v4')
        ? JSON.stringify(status)
        : status.status === 'Success'
          ? ''
          : (status.message ?? '');
      if (text !== '') await error?.write(Buffer.from(text)).catch(() => undefined);
      for (const stream of [streams.get('stdout'), streams.get('stderr'), error]) stream?.end();
      await spdy.close();
    },
  };
}

async function* input(stream: SpdyStream | undefined): AsyncGenerator<Uint8Array> {
  if (!stream) return;
  for await (const chunk of stream.data) yield frame(channels.stdin, chunk);
  yield Buffer.from([channels.close, channels.stdin]);
}

async function* resizes(stream: SpdyStream | undefined): AsyncGenerator<Uint8Array> {
  if (!stream) return;
  for await (const chunk of stream.data) yield frame(channels.resize, chunk);
}
