// One end's account of a stream over packets that may be lost, doubled or out of order: which chunks are under way, which have come, what
// is due to be said and when. Pure: it is told the time, in milliseconds from any fixed point.

import { type Packet, windowChunks } from './packet.ts';

export interface Chunk {
  readonly bytes: Uint8Array;
  /** Nothing follows. */
  readonly end: boolean;
}

export interface Transfer {
  /** Whether another chunk may go now. */
  readonly mayAdd: boolean;
  /** Chunks that are under way. */
  readonly underWay: number;
  /** Behind all before it. */
  add(chunk: Chunk): void;
  /** What has come from the other end. */
  take(packet: Packet, now: number): void;
  /** The next chunk for the reader, in order, each once. It counts as read. */
  read(): Chunk | undefined;
  /** Wants to be told when there is room, though nothing is under way that would be answered. */
  probe(): void;
  /** What is under way may never come: it is due at once. */
  restart(): void;
  /** What is to be said now. */
  due(now: number): Packet[];
  /** When something is due, if nothing comes before. */
  readonly dueAt: number;
  /** When the other end was heard last; undefined: never. */
  readonly heardAt: number | undefined;
}

/** What came is acknowledged with what is said next, or after so long. */
const acknowledgeMs = 25;
/** Chunks that came, or were read, after which it is at once. */
const acknowledgeChunks = 6;
/** Until a chunk is sent again: from the time that answers take. */
const again = { leastMs: 250, firstMs: 1000, mostMs: 4000 };
/** Chunks that may be under way: more with each that comes, half as many when one does not. */
const pace = { first: 8, least: 2 };
/** An end that was not heard for so long is asked whether it is there. */
const askMs = 4000;
/** As above, where more waits to be sent and nothing is said of room for it. */
const probeMs = 500;

interface UnderWay extends Chunk {
  sentAt: number;
  times: number;
  has: boolean;
}

const nothing = new Uint8Array(0);

export function createTransfer(began: number): Transfer {
  // What goes.
  const underWay = new Map<number, UnderWay>();
  let last = 0;
  let room = windowChunks;
  let answerMs: number | undefined;
  let atOnce = pace.first;
  let slowedAt = Number.NEGATIVE_INFINITY;
  // What comes.
  const early = new Map<number, Chunk>();
  const ready: Chunk[] = [];
  let got = 0;
  let taken = 0;
  let saidGot = 0;
  let saidTaken = 0;
  let sayAt = Number.POSITIVE_INFINITY;
  let heardAt: number | undefined;
  let askedAt = began;
  let probes = false;

  const patience = ({ times }: UnderWay): number => {
    const once = answerMs === undefined ? again.firstMs : Math.max(again.leastMs, answerMs * 2 + acknowledgeMs);
    return Math.min(again.mostMs, once * 2 ** Math.min(times - 1, 8));
  };
  const nextAgain = (): number => {
    let at = Number.POSITIVE_INFINITY;
    for (const each of underWay.values()) if (!each.has) at = Math.min(at, each.sentAt + patience(each));
    return at;
  };
  const nextAsk = () =>
    Math.max(heardAt ?? began, askedAt) + (probes && underWay.size === 0 && last >= room ? probeMs : askMs);

  const answered = (chunk: UnderWay, now: number): void => {
    // Of one that was sent twice nobody knows which was answered.
    if (chunk.times === 1 && !chunk.has) {
      const took = now - chunk.sentAt;
      answerMs = answerMs === undefined ? took : answerMs * 0.8 + took * 0.2;
    }
    if (!chunk.has) atOnce = Math.min(windowChunks, atOnce + 1);
    chunk.has = true;
  };

  const packet = (number: number, chunk: Chunk | undefined, asks: boolean): Packet => {
    let beyond = 0;
    for (const each of early.keys()) if (each - got - 2 < 32) beyond |= 1 << (each - got - 2);
    saidGot = got;
    saidTaken = taken;
    sayAt = Number.POSITIVE_INFINITY;
    const { bytes = nothing, end = false } = chunk ?? {};
    return { got, beyond: beyond >>> 0, taken, asks, number, bytes, end };
  };

  return {
    get mayAdd() {
      return last < room && underWay.size < atOnce;
    },
    get underWay() {
      return underWay.size;
    },
    add({ bytes, end }) {
      last += 1;
      underWay.set(last, { bytes, end, sentAt: Number.NEGATIVE_INFINITY, times: 0, has: false });
    },
    take({ got: theirs, beyond, taken: read, asks, number, bytes, end }, now) {
      heardAt = now;
      for (const [each, chunk] of underWay) {
        if (each > last || chunk.times === 0) continue;
        if (each <= theirs) {
          answered(chunk, now);
          underWay.delete(each);
        } else if (each - theirs >= 2 && each - theirs - 2 < 32 && (beyond >>> (each - theirs - 2)) & 1)
          answered(chunk, now);
      }
      // They cannot have read what was never sent.
      if (read <= last) room = Math.max(room, read + windowChunks);
      if (last < room) probes = false;
      if (asks) sayAt = now;
      if (number === 0) return;
      if (number <= got || early.has(number) || number > taken + windowChunks) {
        // What was said of it may have been lost.
        sayAt = now;
        return;
      }
      early.set(number, { bytes, end });
      for (let next = early.get(got + 1); next; next = early.get(got + 1)) {
        got += 1;
        early.delete(got);
        ready.push(next);
      }
      sayAt = Math.min(sayAt, early.size > 0 || got - saidGot >= acknowledgeChunks ? now : now + acknowledgeMs);
    },
    read() {
      const chunk = ready.shift();
      if (!chunk) return undefined;
      taken += 1;
      if (taken - saidTaken >= acknowledgeChunks) sayAt = Number.NEGATIVE_INFINITY;
      return chunk;
    },
    probe() {
      probes = true;
    },
    restart() {
      for (const chunk of underWay.values()) if (!chunk.has) chunk.sentAt = Number.NEGATIVE_INFINITY;
    },
    due(now) {
      const packets: Packet[] = [];
      for (const [number, chunk] of underWay) {
        if (chunk.has || now < chunk.sentAt + patience(chunk)) continue;
        if (chunk.times > 0 && now - slowedAt > (answerMs ?? again.firstMs)) {
          slowedAt = now;
          atOnce = Math.max(pace.least, Math.floor(atOnce / 2));
        }
        chunk.sentAt = now;
        chunk.times += 1;
        packets.push(packet(number, chunk, false));
      }
      const asks = now >= nextAsk();
      if (asks) askedAt = now;
      if (asks || (packets.length === 0 && now >= sayAt)) packets.push(packet(0, undefined, asks));
      return packets;
    },
    get dueAt() {
      return Math.min(sayAt, nextAgain(), nextAsk());
    },
    get heardAt() {
      return heardAt;
    },
  };
}
