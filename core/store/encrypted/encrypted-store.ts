// A store whose values of some types are encrypted before an engine sees them: in its files, its log, its backups, and on the wire to
// it they are sealed; to whoever holds this store they are as they were written.

import { stamp } from '../stamp.ts';
import type {
  Committed,
  Delete,
  Item,
  ListPage,
  LogEntry,
  LogPage,
  Put,
  Sealed,
  Store,
  TypeName,
  Write,
} from '../store.ts';
import { StoreError } from '../store.ts';
import { isSealed, keyNameOf, open, type SealingKey, seal } from './seal.ts';

export interface Encryption {
  /** How values of a type are kept; undefined: as they are. Must always say the same of a type. */
  of(type: TypeName): TypeEncryption | undefined;
}

export interface TypeEncryption {
  /** What new values are sealed with; undefined: they are written as they are. */
  readonly writeKey: SealingKey | undefined;
  readonly readKeys: ReadonlyMap<string, SealingKey>;
  /** Whether values that are not sealed are read. */
  readonly readsPlain: boolean;
}

/** Operations on other types are the engine's own. */
export function encryptedStore(store: Store, encryption: Encryption): Store {
  const sealWrite = <W extends Write>(write: W): W => {
    const rule = encryption.of(write.type);
    if (!rule?.writeKey || write.op === 'check' || !write.value) return write;
    const { bytes, revisionOffset = 0 } = write.value;
    if (revisionOffset > bytes.length)
      throw new RangeError(`${write.type} ${write.name}: its revisionOffset lies outside`);
    return { ...write, value: seal(rule.writeKey, write.type, write.name, write.value) };
  };
  const committed = (write: Write, done: Committed): Committed => {
    const rule = encryption.of(write.type);
    if (!rule || !done.value || write.op === 'check') return done;
    const value = write.value
      ? stamp(write.value, done.revision)
      : opened(rule, write.type, write.name, done.value, done.revision);
    return { ...done, value };
  };
  const openItem = (type: TypeName, rule: TypeEncryption) => (item: Item) => ({
    ...item,
    value: opened(rule, type, item.name, item.value, item.revision),
  });
  const openError = (error: unknown): unknown => {
    if (!(error instanceof StoreError) || error.failure.code !== 'conflict') return error;
    const { type, name, current } = error.failure.data;
    const rule = encryption.of(type);
    if (!rule || !current) return error;
    try {
      const data = { type, name, current: openItem(type, rule)(current) };
      return new StoreError({ code: 'conflict', data }, error.message, { cause: error.cause });
    } catch (unopened) {
      return unopened;
    }
  };
  const concerns = (writes: readonly Write[]) => writes.some(({ type }) => encryption.of(type) !== undefined);

  const commitSealed = async (writes: readonly Write[]): Promise<Committed[]> => {
    try {
      const done = await store.commit(writes.map(sealWrite));
      return done.map((each, i) => committed(writes[i] as Write, each));
    } catch (error) {
      throw openError(error);
    }
  };
  const commitEachSealed = async (writes: readonly (Put | Delete)[]) => {
    const done = await store.commitEach(writes.map(sealWrite));
    // as: there is one answer to each write; openError gives a StoreError for one.
    return done.map((each, i) =>
      each instanceof StoreError ? (openError(each) as StoreError) : committed(writes[i] as Write, each),
    );
  };

  /** By type, the revision up to which the log is forgotten, for it has entries there that do not open. */
  const untold = new Map<TypeName, number>();

  return {
    commit: (writes) => (concerns(writes) ? commitSealed(writes) : store.commit(writes)),
    commitEach: (writes) => (concerns(writes) ? commitEachSealed(writes) : store.commitEach(writes)),
    get(type, name) {
      const rule = encryption.of(type);
      const found = store.get(type, name);
      return rule ? found.then((item) => item && openItem(type, rule)(item)) : found;
    },
    list(type, options) {
      const rule = encryption.of(type);
      const page = store.list(type, options);
      return rule ? page.then((each) => openPage(type, rule, each, options?.tellsSealed ?? false)) : page;
    },
    log(type, after, limit) {
      const rule = encryption.of(type);
      const page = store.log(type, after, limit);
      return rule ? page.then((each) => openLog(type, rule, each)) : page;
    },
    head: (type) => store.head(type),
    async compacted(type) {
      return Math.max(await store.compacted(type), untold.get(type) ?? 0);
    },
    compact: (type, revision) => store.compact(type, revision),
    types: () => store.types(),
    onCommit: (listener) =>
      store.onCommit((type, head, entries) => {
        const rule = encryption.of(type);
        listener(type, head, rule && entries ? openAll(type, rule, entries) : entries);
      }),
    close: () => store.close(),
  };

  /** What does not open is history that cannot be told: whoever asks for it lists anew. */
  function openLog(type: TypeName, rule: TypeEncryption, page: LogPage): LogPage {
    const entries: LogEntry[] = [];
    let last: StoreError | undefined;
    let compactedRevision = 0;
    for (const entry of page.entries) {
      try {
        entries.push(openEntry(type, rule, entry));
      } catch (error) {
        if (!isSealedError(error)) throw error;
        last = error;
        compactedRevision = entry.revision;
      }
    }
    if (!last) return { ...page, entries };
    untold.set(type, Math.max(untold.get(type) ?? 0, compactedRevision));
    const message = `${type} at revision ${compactedRevision} cannot be told: ${last.message}`;
    throw new StoreError({ code: 'compacted', data: { type, compactedRevision } }, message, { cause: last });
  }
}

/** With `tells`, what does not open is told beside the others; without, the page fails of it. */
function openPage(type: TypeName, rule: TypeEncryption, page: ListPage, tells: boolean): ListPage {
  const items: Item[] = [];
  const sealed: Sealed[] = [];
  for (const { name, value, revision } of page.items) {
    try {
      items.push({ name, value: opened(rule, type, name, value, revision), revision });
    } catch (error) {
      if (!tells || !isSealedError(error)) throw error;
      sealed.push({ name, revision, why: error.failure.data.why });
    }
  }
  return { ...page, items, ...(sealed.length > 0 && { sealed }) };
}

/** undefined where one cannot be opened: whoever reads the log hears why. */
function openAll(type: TypeName, rule: TypeEncryption, entries: readonly LogEntry[]): LogEntry[] | undefined {
  try {
    return entries.map((entry) => openEntry(type, rule, entry));
  } catch (error) {
    if (isSealedError(error)) return undefined;
    throw error;
  }
}

function openEntry(type: TypeName, rule: TypeEncryption, entry: LogEntry): LogEntry {
  return { ...entry, value: opened(rule, type, entry.name, entry.value, entry.revision) };
}

function opened(rule: TypeEncryption, type: TypeName, name: string, value: Uint8Array, revision: number): Uint8Array {
  if (!isSealed(value)) {
    if (rule.readsPlain) return value;
    throw unreadable(type, { name, revision, why: 'it is not encrypted, and no provider `identity` lets it be read' });
  }
  const keyName = keyNameOf(value);
  const key = rule.readKeys.get(keyName);
  if (!key)
    throw unreadable(type, { name, revision, why: `its key ${JSON.stringify(keyName)} is not there: put it back` });
  try {
    return stamp(open(key, type, name, value), revision);
  } catch (error) {
    throw unreadable(type, { name, revision, why: `its key ${JSON.stringify(keyName)} does not open it` }, error);
  }
}

function isSealedError(error: unknown): error is StoreError & { readonly failure: { readonly code: 'sealed' } } {
  return error instanceof StoreError && error.failure.code === 'sealed';
}

function unreadable(type: TypeName, sealed: Sealed, cause?: unknown): StoreError {
  const message = `${type} ${sealed.name} cannot be decrypted: ${sealed.why}.`;
  return new StoreError({ code: 'sealed', data: { type, ...sealed } }, message, { cause });
}
