// What the two ends of a stream over the channel say to each other: packets, each sealed, of which any may be lost, come twice or out of
// order. Bytes of the stream go in numbered chunks; every packet says what its sender has of the other direction.

/** Bytes of a chunk: sealed and in base64, with what goes around it, it fits into a frame of API Gateway (32 KB). */
export const chunkBytes = 23_000;
/** Chunks that may be under way, or wait for a reader, in one direction. */
export const windowChunks = 24;

export interface Packet {
  /** All chunks up to this one have come. */
  readonly got: number;
  /** Of those behind it these have: bit 0 stands for `got + 2`, as `got + 1` is missing. */
  readonly beyond: number;
  /** The reader has room for chunks up to `taken` and a window. */
  readonly taken: number;
  /** It wants an answer. */
  readonly asks: boolean;
  /** From 1; 0: none. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** The stream ends with this chunk. */
  readonly end: boolean;
}

const headBytes = 17;
const flags = { asks: 1, end: 2 } as const;

export function encodePacket({ got, beyond, taken, asks, number, bytes, end }: Packet): Buffer {
  const out = Buffer.alloc(headBytes + bytes.length);
  out[0] = (asks ? flags.asks : 0) | (end ? flags.end : 0);
  out.writeUInt32BE(got, 1);
  out.writeUInt32BE(beyond, 5);
  out.writeUInt32BE(taken, 9);
  out.writeUInt32BE(number, 13);
  out.set(bytes, headBytes);
  return out;
}

/** undefined: it is none. */
export function decodePacket(bytes: Buffer): Packet | undefined {
  if (bytes.length < headBytes || bytes.length > headBytes + chunkBytes) return undefined;
  const said = bytes[0] ?? 0;
  return {
    asks: (said & flags.asks) !== 0,
    end: (said & flags.end) !== 0,
    got: bytes.readUInt32BE(1),
    beyond: bytes.readUInt32BE(5),
    taken: bytes.readUInt32BE(9),
    number: bytes.readUInt32BE(13),
    bytes: bytes.subarray(headBytes),
  };
}
