// The Store contract across a thread boundary: the thread that owns the store serves it on a MessagePort, another connects to it.
// Calls of one turn of the event loop travel in one message, answers likewise. Bytes are copied by the clone: below a hundred KB
// that is cheaper than handing each buffer over.

import type { MessagePort } from 'node:worker_threads';
import type { Heartbeats } from './heartbeats.ts';
import { buffersOf, type PackedEntries, packEntries, unpackEntries } from './packed-entries.ts';
import type {
  CommitListener,
  Committed,
  LogEntry,
  Store,
  StoreFailure,
  StoreFailures,
  TypeName,
  Write,
} from './store.ts';
import { StoreError } from './store.ts';

/** A store that may keep heartbeats beside it, as the embedded one does. */
export type ServedStore = Store & { readonly heartbeats?: Heartbeats };

export type ConnectedStore = Store & { readonly heartbeats: Heartbeats };

/** What can be called over the port. */
interface Methods extends Omit<Store, 'onCommit' | 'close' | 'commitEach'> {
  commitEach(writes: Parameters<Store['commitEach']>[0]): Promise<SentOutcome[]>;
  beat: Heartbeats['beat'];
  beats: Heartbeats['all'];
  usages: Heartbeats['usages'];
  forget: Heartbeats['forget'];
}

type Method = keyof Methods;

interface Call {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: SentError };

type SentError =
  | { readonly failure: StoreFailure; readonly data: StoreFailures[StoreFailure]; readonly message: string }
  | { readonly name: string; readonly message: string };

/** A StoreError would lose its failure in a clone. */
type SentOutcome = Committed | { readonly error: SentError };

/** What a type's log gained since the last message; too much of it is left to be read. */
interface CommitNotice {
  readonly type: TypeName;
  head: number;
  entries: LogEntry[] | undefined;
}

interface SentNotice {
  readonly type: TypeName;
  readonly head: number;
  readonly entries: PackedEntries | undefined;
}

/** From the server: answers once a turn, with the notices until then; notices alone less often. */
interface Reply {
  readonly notices: readonly SentNotice[];
  readonly answers: readonly Answer[];
}

/**
 * Notices alone travel at most this often. Waking the other thread costs more than what it does for one commit, and takes the processor
 * from whoever is about to make the next: the first commit after a pause is noticed at once, those in a row share a message.
 */
const noticeEveryMs = 10;
/** Bytes of entries that notices carry, at most. */
const maximumNoticeBytes = 1024 * 1024;

/** Serves `store` until the port closes. The store stays the caller's to close. */
export function serveStore(store: ServedStore, port: MessagePort): void {
  const methods: Methods = {
    get: (...args) => store.get(...args),
    list: (...args) => store.list(...args),
    commit: async (writes) => (await store.commit(writes)).map(compactCommitted),
    commitEach: async (writes) => (await store.commitEach(writes)).map(encodeOutcome),
    log: (...args) => store.log(...args),
    past: (...args) => store.past(...args),
    revisionAt: (...args) => store.revisionAt(...args),
    head: (...args) => store.head(...args),
    bounds: (...args) => store.bounds(...args),
    compact: (...args) => store.compact(...args),
    types: () => store.types(),
    beat: async (...args) => heartbeatsOf(store).beat(...args),
    beats: async () => heartbeatsOf(store).all(),
    usages: async () => heartbeatsOf(store).usages(),
    forget: async (...args) => heartbeatsOf(store).forget(...args),
  };
  const notices = new Map<TypeName, CommitNotice>();
  let noticeBytes = 0;
  let answers: Answer[] = [];
  let sending: NodeJS.Immediate | undefined;
  let waiting: NodeJS.Timeout | undefined;
  let sentAt = Number.NEGATIVE_INFINITY;

  const send = () => {
    clearTimeout(waiting);
    waiting = undefined;
    sending = undefined;
    sentAt = performance.now();
    const sent = [...notices.values()].map(({ type, head, entries }): SentNotice => {
      return { type, head, entries: entries && packEntries(entries) };
    });
    const handedOver = sent.flatMap(({ entries }) => (entries ? buffersOf(entries) : []));
    port.postMessage({ notices: sent, answers } satisfies Reply, handedOver);
    notices.clear();
    noticeBytes = 0;
    answers = [];
  };
  const sendThisTurn = () => {
    sending ??= setImmediate(send);
  };
  const sendNotices = () => {
    if (sending || waiting) return;
    const ms = sentAt + noticeEveryMs - performance.now();
    if (ms > 0) waiting = setTimeout(send, ms);
    else sendThisTurn();
  };
  const serve = async ({ id, method, args }: Call) => {
    try {
      // as: a call names one of `methods` and carries the arguments that connectStore's typed method was given.
      const run = methods[method] as (...args: readonly unknown[]) => Promise<unknown>;
      const value = await run(...args);
      answers.push({ id, value });
    } catch (error) {
      answers.push({ id, error: encodeError(error) });
    }
    sendThisTurn();
  };

  const stop = store.onCommit((type, head, entries) => {
    for (const { value } of entries ?? []) noticeBytes += value.length;
    const carried = noticeBytes <= maximumNoticeBytes ? entries : undefined;
    const notice = notices.get(type);
    if (notice) {
      notice.head = head;
      if (carried) notice.entries?.push(...carried);
      else notice.entries = undefined;
    } else notices.set(type, { type, head, entries: carried && [...carried] });
    sendNotices();
  });
  port.on('message', (calls: readonly Call[]) => {
    for (const call of calls) void serve(call);
  });
  port.on('close', () => {
    stop();
    clearImmediate(sending);
    clearTimeout(waiting);
  });
}

/** The store that the other end of the port serves. `close` closes the connection, not that store. */
export function connectStore(port: MessagePort): ConnectedStore {
  const pending = new Map<number, { call: Call; resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const listeners = new Set<CommitListener>();
  let calls: Call[] = [];
  let nextId = 1;
  let closed = false;

  const flush = () => {
    if (calls.length > 0 && !closed) port.postMessage(calls);
    calls = [];
  };
  const call = <M extends Method>(method: M, ...args: Parameters<Methods[M]>): ReturnType<Methods[M]> => {
    const answer = new Promise<unknown>((resolve, reject) => {
      if (closed) return reject(closedError());
      const made = { id: nextId++, method, args };
      pending.set(made.id, { call: made, resolve, reject });
      calls.push(made);
      if (calls.length === 1) queueMicrotask(flush);
    });
    // as: the server answers each call with what the method of that name returned.
    return answer as ReturnType<Methods[M]>;
  };
  const end = () => {
    if (closed) return;
    closed = true;
    listeners.clear();
    for (const { call: lost, reject } of pending.values()) reject(lostError(lost));
    pending.clear();
  };

  port.on('message', ({ notices, answers }: Reply) => {
    for (const { type, head, entries } of notices) {
      const unpacked = entries && unpackEntries(entries);
      for (const listener of listeners) listener(type, head, unpacked);
    }
    for (const answer of answers) {
      const waiting = pending.get(answer.id);
      pending.delete(answer.id);
      if ('error' in answer) waiting?.reject(decodeError(answer.error));
      else waiting?.resolve(answer.value);
    }
  });
  port.on('close', end);

  return {
    get: (...args) => call('get', ...args),
    list: (...args) => call('list', ...args),
    commit: (writes) => call('commit', writes.map(compactWrite)),
    commitEach: async (writes) => (await call('commitEach', writes.map(compactWrite))).map(decodeOutcome),
    log: (...args) => call('log', ...args),
    past: (...args) => call('past', ...args),
    revisionAt: (...args) => call('revisionAt', ...args),
    head: (...args) => call('head', ...args),
    bounds: (...args) => call('bounds', ...args),
    compact: (...args) => call('compact', ...args),
    types: () => call('types'),
    heartbeats: {
      beat: (...args) => call('beat', ...args),
      all: () => call('beats'),
      usages: () => call('usages'),
      forget: (...args) => call('forget', ...args),
    },
    onCommit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      end();
      port.close();
    },
  };
}

function heartbeatsOf(store: ServedStore): Heartbeats {
  if (!store.heartbeats) throw new Error('this store keeps no heartbeats');
  return store.heartbeats;
}

/** A clone carries the whole buffer behind a view: send what the view shows and no more. */
function compact(bytes: Uint8Array): Uint8Array {
  // Not `slice`: of a Buffer that is another view.
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function compactWrite<W extends Write>(write: W): W {
  if (write.op === 'check' || !write.value) return write;
  return { ...write, value: { ...write.value, bytes: compact(write.value.bytes) } };
}

function compactCommitted(committed: Committed): Committed {
  return committed.value ? { ...committed, value: compact(committed.value) } : committed;
}

function encodeOutcome(outcome: Committed | StoreError): SentOutcome {
  return outcome instanceof StoreError ? { error: encodeError(outcome) } : compactCommitted(outcome);
}

function decodeOutcome(outcome: SentOutcome): Committed | StoreError {
  if (!('error' in outcome)) return outcome;
  const error = decodeError(outcome.error);
  if (error instanceof StoreError) return error;
  throw error;
}

function encodeError(error: unknown): SentError {
  if (error instanceof StoreError)
    return { failure: error.failure.code, data: error.failure.data, message: error.message };
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: 'Error', message: String(error) };
}

function decodeError(sent: SentError): Error {
  if ('failure' in sent) {
    // as: code and data left the other thread as one failure.
    const failure = { code: sent.failure, data: sent.data } as StoreError['failure'];
    return new StoreError(failure, sent.message);
  }
  return sent.name === 'RangeError' ? new RangeError(sent.message) : new Error(sent.message);
}

function closedError(): StoreError {
  return new StoreError({ code: 'closed', data: {} }, 'The connection to the store is closed.');
}

/** A commit that was not answered may have happened. */
function lostError({ method, args }: Call): StoreError {
  if (method !== 'commit' && method !== 'commitEach') return closedError();
  // as: the arguments of these two methods.
  const [first] = args[0] as readonly Write[];
  return new StoreError(
    { code: 'ambiguous', data: { type: first?.type ?? '', name: first?.name ?? '' } },
    'The connection to the store closed before it answered: the commit may have happened.',
  );
}
