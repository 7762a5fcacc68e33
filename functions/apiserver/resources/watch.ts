// The watch route: a stream of JSON lines, of protobuf frames or of CBOR items, that ends with its client, its time-out, or its replica.
// Source: API concepts, "Efficient detection of changes"; KEP-956 (bookmarks), KEP-3157 (streaming lists).

import type { ResourceDefinition } from '../../../core/api/definition.ts';
import { followed, revisionHeader } from '../../../core/edge/follow.ts';
import { channelHeader, ticketHeader } from '../../../core/edge/ticket.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { badRequest, expired, hasReason, StatusError } from '../../../core/machinery/status.ts';
import { largeBytes, runYielding, type Steps, yieldToEventLoop } from '../../../core/machinery/steps.ts';
import { type Histogram, observe } from '../../../core/metrics/histogram.ts';
import type { WatchOutcome } from '../../../core/registry/registry.ts';
import { toCborEvent, toCborEventInSteps } from '../content/cbor.ts';
import { type MediaTypeOptions, mediaTypes } from '../content/negotiate.ts';
import { toProtobufEvent } from '../content/protobuf.ts';
import type { ApiResponse } from '../http.ts';
import { watchOptions } from './query-options.ts';
import type { Route } from './route.ts';
import { type Transformer, transformer } from './transform.ts';

const encoder = new TextEncoder();
/** Before the next line, and no line of its own: not every client passes over empty ones. */
const space = encoder.encode(' ');

export const watchRoute: Route = async (parts, exchange, target) => {
  const { registry, watch: limits, watchMeter, watches, channel, now } = parts;
  const { mediaType, context } = exchange;
  if (mediaType.encoding === 'yaml')
    throw new StatusError('NotAcceptable', 'a watch is a stream of JSON lines: accept application/json');
  const { timeoutSeconds, ...options } = watchOptions(exchange.info, exchange.query);
  const follows = followed(exchange.request.headers);
  if (Number.isNaN(follows?.until)) throw badRequest('the header zeroplane-follow must be `open`, `on` or a revision');
  const transforming = transformer(mediaType, target.definition, exchange.query, now);
  const transform = transforming && (await transforming);
  const elsewhere = follows ? undefined : await parts.watchElsewhere?.(exchange, target);
  if (elsewhere) return elsewhere;
  const { username } = context.user;
  if (!watches.take(username, 1))
    throw new StatusError(
      'TooManyRequests',
      'Too many requests, please try again later: you have as many watches open as one user may have beside the others.',
      { retryAfterSeconds: 10 },
    );
  let outcome: WatchOutcome;
  try {
    outcome = await registry.watch(
      context,
      target,
      follows ? { ...options, upToDate: true, goesOn: follows.goesOn } : options,
    );
  } catch (error) {
    watches.release(username, 1);
    if (follows || !cannotBegin(error)) throw error;
    return failedStream(error, mediaType);
  }
  const until = follows && untilOf(outcome, follows.until);
  if (follows && until === undefined) {
    outcome.watch.close();
    watches.release(username, 1);
    throw new StatusError('MethodNotAllowed', 'what is converted on its way cannot be followed: watch it', {});
  }
  const chosen = timeoutSeconds ? timeoutSeconds * 1000 : limits.minTimeoutMs * (1 + Math.random());
  // Longer than a timer can wait (2^31 - 1 ms) is as good as for ever.
  const timeoutMs = Math.min(chosen, limits.maxTimeoutMs ?? Number.POSITIVE_INFINITY, 2 ** 31 - 1);
  return {
    status: 200,
    headers: {
      ...streamHeaders(mediaType),
      ...(until !== undefined && { [revisionHeader]: String(until) }),
      ...(until !== undefined &&
        channel && { [channelHeader]: channel.url, [ticketHeader]: channel.ticketOf(target.definition.type) }),
    },
    body: watchLines(outcome, {
      ...encoders[mediaType.encoding],
      definition: target.definition,
      transform,
      bookmarks: options.allowWatchBookmarks === true,
      bookmarkMs: limits.bookmarkMs,
      keepAliveMs: limits.keepAliveMs,
      blank: mediaType.encoding === 'json' ? space : undefined,
      timeoutMs,
      until,
      sent: watchMeter(target.definition).bytes,
      ended: () => watches.release(username, 1),
    }),
  };
};

/** Up to which revision a watch that follows tells what happened; undefined: that cannot be said. */
function untilOf({ reached, resourceVersion }: WatchOutcome, wanted: number): number | undefined {
  return reached === undefined ? undefined : Math.max(Number(resourceVersion), Math.min(wanted, reached));
}

// RFC 8742: a client that accepts one CBOR item gets a sequence of them.
const streamTypes: Partial<Record<MediaTypeOptions['encoding'], string>> = {
  protobuf: `${mediaTypes.protobuf};stream=watch`,
  cbor: 'application/cbor-seq',
};

const encoders: Partial<Record<MediaTypeOptions['encoding'], Pick<LineOptions, 'encode' | 'encodeInSteps'>>> = {
  protobuf: { encode: toProtobufEvent },
  cbor: { encode: toCborEvent, encodeInSteps: toCborEventInSteps },
};

function streamHeaders({ encoding }: MediaTypeOptions) {
  return { 'content-type': streamTypes[encoding] ?? mediaTypes.json, 'cache-control': 'no-cache, private' };
}

/** The request is well formed, and what it asks to begin from is gone, or is not there yet. */
function cannotBegin(error: unknown): error is StatusError {
  return hasReason(error, 'Expired') || hasReason(error, 'Timeout');
}

/** As Kubernetes says it: by an event of the stream. */
function failedStream({ status }: StatusError, mediaType: MediaTypeOptions): ApiResponse {
  const { encode = encodeLine } = encoders[mediaType.encoding] ?? {};
  async function* body() {
    yield encode('ERROR', status);
  }
  return { status: 200, headers: streamHeaders(mediaType), body: body() };
}

interface LineOptions {
  /** One event in another form than JSON lines. */
  readonly encode?: (type: string, object: unknown) => Uint8Array;
  /** As `encode`, for a large object, where it takes long. */
  readonly encodeInSteps?: (type: string, object: unknown) => Steps<Uint8Array>;
  readonly definition: ResourceDefinition;
  readonly transform: Transformer | undefined;
  readonly bookmarks: boolean;
  readonly bookmarkMs: number;
  readonly keepAliveMs: number | undefined;
  /** What a reader of this encoding passes over. */
  readonly blank: Uint8Array | undefined;
  readonly timeoutMs: number;
  /** It ends once it has told all that waits, up to this revision. */
  readonly until: number | undefined;
  readonly sent: Histogram;
  /** Called once. */
  readonly ended: () => void;
}

/** Bytes of one chunk, and of what is encoded before others have their turn. */
const chunkBytes = 128 * 1024;

/** What is queued goes out in chunks. The watch is closed when the consumer returns, or the time is up. */
function watchLines(outcome: WatchOutcome, options: LineOptions): AsyncIterable<Uint8Array> {
  const { watch } = outcome;
  const { transform, encode = encodeLine, sent, until = Number.POSITIVE_INFINITY } = options;
  const follows = options.until !== undefined;
  let started = false;
  let finished = false;
  let timedOut = false;
  let bookmarkDue = false;
  let blankDue = false;
  // Whoever waits in next() for something to send.
  let wake: (() => void) | undefined;
  const poke = () => {
    const waiting = wake;
    wake = undefined;
    waiting?.();
  };
  watch.onReady = poke;
  const timeout = setTimeout(() => {
    timedOut = true;
    poke();
  }, options.timeoutMs);
  const bookmark = options.bookmarks
    ? setInterval(() => {
        bookmarkDue = true;
        poke();
      }, options.bookmarkMs)
    : undefined;
  const keepAlive =
    options.keepAliveMs !== undefined && !options.bookmarks
      ? setInterval(() => {
          if (options.blank) blankDue = true;
          else timedOut = true;
          poke();
        }, options.keepAliveMs)
      : undefined;

  const finish = () => {
    if (finished) return;
    finished = true;
    clearTimeout(timeout);
    clearInterval(bookmark);
    clearInterval(keepAlive);
    watch.onReady = undefined;
    watch.close();
    options.ended();
    poke();
  };

  /** All that is to be sent by now, encoded one by one as it is taken. */
  function* eventsDue(): Events {
    if (!started) {
      started = true;
      yield* initialLines(outcome, options);
    }
    const events = watch.drain();
    // As of now: what comes while these are sent is not in them, and a bookmark that counted it would lose it.
    const told = watch.revision;
    for (const event of events)
      if (event.revision <= until)
        yield transform || options.encode ? encoded(event.type, event.entry, options) : event.line;
    if (watch.ended === 'slow')
      yield encode('ERROR', expired('the watch fell behind and was ended: list again and watch from there').status);
    const ends = timedOut || follows;
    if (bookmarkDue || (ends && options.bookmarks)) {
      bookmarkDue = false;
      yield bookmarkLine(String(follows ? until : told), options);
    }
    if (blankDue && options.blank) {
      blankDue = false;
      yield options.blank;
    }
    if (watch.ended !== undefined || ends) finish();
  }
  let due: Events | undefined;

  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    for (;;) {
      if (finished) return { done: true, value: undefined };
      const goesOn = due !== undefined;
      if (goesOn) await yieldToEventLoop();
      due ??= eventsDue();
      const chunk: Uint8Array[] = [];
      for (let bytes = 0; bytes < chunkBytes; ) {
        const { done, value } = due.next();
        if (done) {
          due = undefined;
          break;
        }
        const event = value instanceof Uint8Array ? value : await runYielding(value, true);
        observe(sent, event.length);
        chunk.push(event);
        bytes += event.length;
      }
      if (chunk.length > 0) {
        const [only] = chunk;
        return { done: false, value: chunk.length === 1 && only ? only : Buffer.concat(chunk) };
      }
      // Others had their turn since it was asked what is due.
      if (goesOn) continue;
      if (finished) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };

  return {
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        finish();
        return { done: true, value: undefined };
      },
    }),
  };
}

/** Encoded, or to be encoded in steps. */
type Events = Generator<Uint8Array | Steps<Uint8Array>, void, void>;

function encoded(
  type: string,
  { object, bytes }: WatchOutcome['initial'][number],
  { transform, encode = encodeLine, encodeInSteps }: LineOptions,
): Uint8Array | Steps<Uint8Array> {
  // as: entries of a replica hold what the registry stored.
  const value = transform ? transform.one(object as KubeObject) : object;
  return encodeInSteps && bytes.length > largeBytes ? encodeInSteps(type, value) : encode(type, value);
}

function* initialLines(outcome: WatchOutcome, options: LineOptions): Events {
  const before = encoder.encode('{"type":"ADDED","object":');
  const after = encoder.encode('}\n');
  for (const entry of outcome.initial) {
    if (options.transform || options.encode) yield encoded('ADDED', entry, options);
    else yield Buffer.concat([before, entry.bytes, after]);
  }
  if (outcome.initialBookmark)
    yield bookmarkLine(outcome.resourceVersion, options, { 'k8s.io/initial-events-end': 'true' });
}

function bookmarkLine(
  resourceVersion: string,
  { definition, transform, encode = encodeLine }: LineOptions,
  annotations?: Record<string, string>,
): Uint8Array {
  const { group, version, kind } = definition;
  const object: KubeObject = {
    kind,
    apiVersion: group === '' ? version : `${group}/${version}`,
    metadata: { resourceVersion, ...(annotations && { annotations }) },
  };
  // A Table's bookmark is a Table without rows whose metadata carries the revision.
  return encode('BOOKMARK', transform ? transform.bookmark(object) : object);
}

function encodeLine(type: string, object: unknown): Uint8Array {
  return encoder.encode(`{"type":"${type}","object":${JSON.stringify(object)}}\n`);
}
