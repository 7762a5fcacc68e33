// A stream between a client's edge and a node's agent, over sealed messages that may be lost, doubled or out of order: frames come whole,
// in order and each once, and neither end is ahead of the other's reader by more than a window.

import { ByteQueue } from '../byte-queue.ts';
import { desertedMs, type FrameSocket } from '../frame-socket.ts';
import { cutFrame } from '../relay.ts';
import { unavailable } from '../unreachable-node.ts';
import { chunkBytes, decodePacket, encodePacket } from './packet.ts';
import type { Sealer } from './seal.ts';
import { createTransfer } from './transfer.ts';

export interface ChannelSocketOptions {
  readonly sealer: Sealer;
  /** May be lost: then it is said again. */
  readonly post: (text: string) => void;
  /** Whether what was posted has left this machine, more or less. */
  readonly mayPost: () => boolean;
  /** Who is at the other end, in what its failures say. */
  readonly other: string;
  /** Called once, when nothing more is to be said. */
  readonly onOver: () => void;
  readonly times?: ChannelTimes;
  /** Milliseconds from any fixed point. */
  readonly now?: () => number;
}

export interface ChannelTimes {
  /** Until the other end says its first word. */
  readonly comeMs: number;
  /** An end that was not heard for so long is gone. */
  readonly goneMs: number;
  /** The same where API Gateway says that its connection is. It may come again. */
  readonly brokenMs: number;
}

export interface ChannelSocket extends FrameSocket {
  /** What the other end may have said. */
  take(text: string): void;
  /** The other end can be spoken with, perhaps again. Until then nothing is said. */
  resume(): void;
  /** It cannot, for now. */
  pause(): void;
  /** Its connection is gone. */
  broken(): void;
  /** It cannot go on. */
  fail(why: string): void;
}

const usualTimes: ChannelTimes = { comeMs: 15_000, goneMs: 12_000, brokenMs: 5_000 };
/** Frames that come within it go together while others are under way. */
const gatherMs = 8;
const gatherBehind = 3;
/** Until it is looked again whether what was posted has left. */
const busyMs = 10;
/** Bytes that wait to be sent above which its writer waits. */
const waitingBytes = 4 * chunkBytes;
/** Bytes that its reader has not read, above which no more chunks count as read. */
const unreadBytes = 256 * 1024;
/** As long as a cut frame, and a Status, may be. */
const longestFrame = 256 * 1024;
/** For what is still under way after it was closed. */
const lingerMs = 5_000;
const lingerAfterEndMs = 1_000;

export function channelSocket(options: ChannelSocketOptions): ChannelSocket {
  const { sealer, post, mayPost, other, onOver, times = usualTimes, now = () => performance.now() } = options;
  const began = now();
  const transfer = createTransfer(began);
  const incoming = new ByteQueue(unreadBytes, () => later());
  const outgoing: Uint8Array[] = [];
  let outgoingBytes = 0;
  let waitsSince = began;
  let closing = false;
  let endSent = false;
  let endCame = false;
  let closedAt = Number.POSITIVE_INFINITY;
  let brokenAt = Number.POSITIVE_INFINITY;
  let over = false;
  let reachable = false;
  let roomWanted: (() => void)[] = [];
  let partial = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;
  let stepping: NodeJS.Immediate | undefined;

  const finish = (why: string | undefined): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    clearImmediate(stepping);
    if (why === undefined) incoming.end();
    else incoming.fail(unavailable(`${other} ${why}`));
    giveRoom();
    onOver();
  };
  const giveRoom = (): void => {
    if (outgoingBytes >= waitingBytes && !over) return;
    const all = roomWanted;
    roomWanted = [];
    for (const resolve of all) resolve();
  };
  const later = (): void => {
    if (over) return;
    stepping ??= setImmediate(() => {
      stepping = undefined;
      step();
    });
  };

  const takeBytes = (): Buffer => {
    const parts: Uint8Array[] = [];
    let room = chunkBytes;
    while (room > 0) {
      const first = outgoing[0];
      if (!first) break;
      const part = first.length <= room ? first : first.subarray(0, room);
      parts.push(part);
      room -= part.length;
      if (part.length === first.length) outgoing.shift();
      else outgoing[0] = first.subarray(part.length);
    }
    const bytes = Buffer.concat(parts);
    outgoingBytes -= bytes.length;
    return bytes;
  };

  /** Until when what waits may wait for more. */
  const sendAt = (): number => {
    if (outgoingBytes === 0 && !(closing && !endSent)) return Number.POSITIVE_INFINITY;
    if (!transfer.mayAdd) {
      transfer.probe();
      return Number.POSITIVE_INFINITY;
    }
    const waits = outgoingBytes < chunkBytes && !closing && transfer.underWay >= gatherBehind;
    return waits ? waitsSince + gatherMs : Number.NEGATIVE_INFINITY;
  };

  const deliver = (): void => {
    while (!incoming.full && !endCame) {
      const chunk = transfer.read();
      if (!chunk) break;
      partial = partial.length === 0 ? Buffer.from(chunk.bytes) : Buffer.concat([partial, chunk.bytes]);
      let at = 0;
      while (partial.length - at >= 4) {
        const length = partial.readUInt32BE(at);
        if (length > longestFrame) {
          finish('sent a frame that is too long');
          return;
        }
        if (partial.length - at - 4 < length) break;
        if (length > 0) incoming.push(partial.subarray(at + 4, at + 4 + length));
        at += 4 + length;
      }
      partial = partial.subarray(at);
      if (!chunk.end) continue;
      endCame = true;
      closedAt = Math.min(closedAt, now());
      incoming.end();
    }
  };

  const step = (): void => {
    if (over) return;
    const at = now();
    deliver();
    if (over) return;
    const speaks = reachable && mayPost();
    if (speaks) {
      while (sendAt() <= at) {
        const bytes = takeBytes();
        endSent = closing && outgoingBytes === 0;
        transfer.add({ bytes, end: endSent });
      }
      for (const packet of transfer.due(at)) post(sealer.seal(encodePacket(packet)));
    }
    giveRoom();
    const why = lost(at);
    if (why !== undefined || at >= overAt()) {
      finish(why);
      return;
    }
    clearTimeout(timer);
    const sayAt = speaks ? Math.min(transfer.dueAt, sendAt()) : reachable ? at + busyMs : Number.POSITIVE_INFINITY;
    const next = Math.min(sayAt, lostAt(), overAt());
    timer = setTimeout(step, Math.max(1, Math.min(60_000, next - at)));
  };

  const lostAt = (): number => {
    const { heardAt } = transfer;
    if (heardAt === undefined) return began + times.comeMs;
    return Math.min(heardAt + times.goneMs, brokenAt);
  };
  const lost = (at: number): string | undefined => {
    if (at < lostAt()) return undefined;
    if (transfer.heardAt === undefined) return `did not answer within ${Math.round(times.comeMs / 1000)} s`;
    return 'was not heard of any more';
  };
  const overAt = (): number => {
    const told = endSent && transfer.underWay === 0;
    // Both have said all: the last word may have to be said again.
    if (told && endCame) return closedAt + lingerAfterEndMs;
    // What waits for a slow reader waits as long as that one is there.
    return told || endCame ? closedAt + lingerMs : Number.POSITIVE_INFINITY;
  };

  timer = setTimeout(step, 1);

  return {
    frames: incoming,
    deserted: () => incoming.deserted(desertedMs),
    take(text) {
      const packet = over ? undefined : decodePacket(sealer.open(text) ?? Buffer.alloc(0));
      if (!packet) return;
      brokenAt = Number.POSITIVE_INFINITY;
      transfer.take(packet, now());
      later();
    },
    resume() {
      reachable = true;
      transfer.restart();
      later();
    },
    pause() {
      reachable = false;
    },
    broken() {
      reachable = false;
      if (!over) brokenAt = Math.min(brokenAt, now() + times.brokenMs);
      later();
    },
    fail: finish,
    async send(frame) {
      if (closing || over) throw new Error('the stream is over');
      if (outgoingBytes === 0) waitsSince = now();
      for (const piece of cutFrame(frame)) {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(piece.length);
        outgoing.push(length, piece);
        outgoingBytes += 4 + piece.length;
      }
      later();
      while (outgoingBytes >= waitingBytes && !over) await new Promise<void>((resolve) => roomWanted.push(resolve));
      if (over) throw new Error('nobody reads the stream any more');
    },
    close() {
      if (closing) return;
      closing = true;
      closedAt = Math.min(closedAt, now());
      incoming.end();
      later();
    },
  };
}
