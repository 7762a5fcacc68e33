// The body of a list: stored bytes joined by commas, without a parse.

/**
 * A larger list goes out in chunks of this many bytes, and one buffer for them all. Fresh pages cost more than all else that a list
 * takes, here and in every layer below that copies it: with chunks of 256 KB, for which the allocator asks the system each time, it takes
 * four times as long.
 */
const chunkBytes = 64 * 1024;
const newline = 10;
const comma = Buffer.from(',');

export interface ListBody {
  readonly bytes: number;
  readonly body: Uint8Array | AsyncIterable<Uint8Array, void, Uint8Array | undefined>;
}

/** `head`, then `parts` (JSON texts) joined by commas, then `tail`. */
export function listBody(head: string, parts: readonly Uint8Array[], tail: string): ListBody {
  const before = Buffer.from(head);
  const after = Buffer.from(tail);
  let bytes = before.length + after.length + Math.max(0, parts.length - 1);
  for (const part of parts) bytes += trimmed(part);
  return bodyOf(bytes, piecesOf(before, parts, after));
}

/** Pieces of a JSON text, which have so many bytes together. */
export function bodyOf(bytes: number, pieces: Iterable<Uint8Array>): ListBody {
  if (bytes > chunkBytes) return { bytes, body: chunksOf(pieces) };
  const whole = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return { bytes, body: whole };
}

/** All of a body that came in chunks. */
export async function wholeBody(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function* piecesOf(before: Uint8Array, parts: readonly Uint8Array[], after: Uint8Array): Generator<Uint8Array> {
  yield before;
  let first = true;
  for (const part of parts) {
    if (!first) yield comma;
    first = false;
    const length = trimmed(part);
    yield length === part.length ? part : part.subarray(0, length);
  }
  yield after;
}

/** `next` takes a chunk back that its reader is done with, and fills it again. */
async function* chunksOf(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, Uint8Array | undefined> {
  let chunk: Uint8Array = Buffer.allocUnsafeSlow(chunkBytes);
  let at = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; ) {
      const to = Math.min(piece.length, from + chunkBytes - at);
      chunk.set(from === 0 && to === piece.length ? piece : piece.subarray(from, to), at);
      at += to - from;
      from = to;
      if (at < chunkBytes) continue;
      chunk = (yield chunk) ?? Buffer.allocUnsafeSlow(chunkBytes);
      at = 0;
    }
  }
  if (at > 0) yield chunk.subarray(0, at);
}

function trimmed(part: Uint8Array): number {
  return part[part.length - 1] === newline ? part.length - 1 : part.length;
}
