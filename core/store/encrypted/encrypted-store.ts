// A store whose values of some types are encrypted before an engine sees them: in its files, its log, its backups, and on the wire to
// it they are sealed; to whoever holds this store they are as they were written.

import { stamp } from '../stamp.ts';
import type { Committed, Delete, Item, LogEntry, Put, Store, TypeName, Write } from '../store.ts';
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
    const data = { type, name, current: openItem(type, rule)(current) };
    return new StoreError({ code: 'conflict', data }, error.message, { cause: error.cause });
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
      return rule ? page.then((each) => ({ ...each, items: each.items.map(openItem(type, rule)) })) : page;
    },
    log(type, after, limit) {
      const rule = encryption.of(type);
      const page = store.log(type, after, limit);
      return rule ? page.then((each) => ({ ...each, entries: each.entries.map(openEntry(type, rule)) })) : page;
    },
    head: (type) => store.head(type),
    compacted: (type) => store.compacted(type),
    compact: (type, revision) => store.compact(type, revision),
    types: () => store.types(),
    onCommit: (listener) =>
      store.onCommit((type, head, entries) => {
        const rule = encryption.of(type);
        listener(type, head, rule && entries ? openAll(entries, openEntry(type, rule)) : entries);
      }),
    close: () => store.close(),
  };
}

/** undefined where one cannot be opened: whoever reads the log hears why. */
function openAll(entries: readonly LogEntry[], open: (entry: LogEntry) => LogEntry): LogEntry[] | undefined {
  try {
    return entries.map(open);
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

/** What was sealed with a key that is gone since is history that cannot be told: whoever asks for it lists anew. */
function openEntry(type: TypeName, rule: TypeEncryption) {
  return (entry: LogEntry): LogEntry => {
    const { value, name, revision } = entry;
    if (isSealed(value) && !rule.readKeys.has(keyNameOf(value)))
      throw new StoreError(
        { code: 'compacted', data: { type, compactedRevision: revision } },
        `${type} at revision ${revision} was sealed with the key ${JSON.stringify(keyNameOf(value))}, which is gone.`,
      );
    return { ...entry, value: opened(rule, type, name, value, revision) };
  };
}

function opened(rule: TypeEncryption, type: TypeName, name: string, value: Uint8Array, revision: number): Uint8Array {
  if (!isSealed(value)) {
    if (rule.readsPlain) return value;
    throw unreadable(type, name, 'it is not encrypted, and no provider `identity` lets it be read');
  }
  const keyName = keyNameOf(value);
  const key = rule.readKeys.get(keyName);
  if (!key) throw unreadable(type, name, `its key ${JSON.stringify(keyName)} is not there: put it back`);
  try {
    return stamp(open(key, type, name, value), revision);
  } catch (error) {
    throw unreadable(type, name, `its key ${JSON.stringify(keyName)} does not open it`, error);
  }
}

function unreadable(type: TypeName, name: string, why: string, cause?: unknown): StoreError {
  return new StoreError({ code: 'sealed', data: { type, name, why } }, `${type} ${name} cannot be decrypted: ${why}.`, {
    cause,
  });
}
