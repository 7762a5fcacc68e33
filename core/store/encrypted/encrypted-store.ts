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
  PastEntry,
  PastPage,
  Put,
  Sealed,
  Store,
  TypeName,
  Write,
} from '../store.ts';
import { StoreError } from '../store.ts';
import { isSealed, keyNameOf, open, type SealingKey, seal } from './seal.ts';

export interface Encryption {
  /**
   * How values of a type are kept; undefined: as they are. What is said of a type may change while the store is open, in an order that
   * loses nothing: a key reads before it writes, and is forgotten once nothing is sealed with it (rewrite.ts).
   */
  of(type: TypeName): TypeEncryption | undefined;
}

export interface TypeEncryption {
  /** What new values are sealed with; undefined: they are written as they are. */
  readonly writeKey: SealingKey | undefined;
  readonly readKeys: ReadonlyMap<string, SealingKey>;
  /** Whether values that are not sealed are read. */
  readonly readsPlain: boolean;
}

export interface EncryptedStore extends Store {
  /** Resolves when no write is under way any more that was sealed before this call. */
  sealedBefore(): Promise<void>;
}

/** How a type is kept as of the start of an operation. Keys that came since open what is found, too: others may have written it. */
interface Rule extends TypeEncryption {
  keyNamed(name: string): SealingKey | undefined;
}

/** Operations on other types are the engine's own. */
export function encryptedStore(store: Store, encryption: Encryption): EncryptedStore {
  const ruleOf = (type: TypeName): Rule | undefined => {
    const rule = encryption.of(type);
    return (
      rule && {
        ...rule,
        keyNamed: (name) => rule.readKeys.get(name) ?? encryption.of(type)?.readKeys.get(name),
      }
    );
  };
  const rulesOf = (writes: readonly Write[]) => new Map(writes.map(({ type }) => [type, ruleOf(type)]));
  const underWay = new Set<Promise<unknown>>();
  const whileUnderWay = async <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    try {
      return await work;
    } finally {
      underWay.delete(work);
    }
  };
  const sealWrite = <W extends Write>(write: W): W => {
    const rule = encryption.of(write.type);
    if (!rule?.writeKey || write.op === 'check' || !write.value) return write;
    const { bytes, revisionOffset = 0 } = write.value;
    if (revisionOffset > bytes.length)
      throw new RangeError(`${write.type} ${write.name}: its revisionOffset lies outside`);
    return { ...write, value: seal(rule.writeKey, write.type, write.name, write.value) };
  };
  const committed = (rule: Rule | undefined, write: Write, done: Committed): Committed => {
    if (!rule || !done.value || write.op === 'check') return done;
    const value = write.value
      ? stamp(write.value, done.revision)
      : opened(rule, write.type, write.name, done.value, done.revision);
    return { ...done, value };
  };
  const openItem = (type: TypeName, rule: Rule) => (item: Item) => ({
    ...item,
    value: opened(rule, type, item.name, item.value, item.revision),
  });
  const openError = (error: unknown): unknown => {
    if (!(error instanceof StoreError) || error.failure.code !== 'conflict') return error;
    const { type, name, current } = error.failure.data;
    const rule = ruleOf(type);
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
    const rules = rulesOf(writes);
    try {
      const done = await whileUnderWay(store.commit(writes.map(sealWrite)));
      return done.map((each, i) => {
        const write = writes[i] as Write;
        return committed(rules.get(write.type), write, each);
      });
    } catch (error) {
      throw openError(error);
    }
  };
  const commitEachSealed = async (writes: readonly (Put | Delete)[]) => {
    const rules = rulesOf(writes);
    const done = await whileUnderWay(store.commitEach(writes.map(sealWrite)));
    return done.map((each, i) => {
      // as: openError gives a StoreError for one, and there is one answer to each write.
      if (each instanceof StoreError) return openError(each) as StoreError;
      const write = writes[i] as Write;
      return committed(rules.get(write.type), write, each);
    });
  };

  /** By type, the revision up to which the log is forgotten, for it has entries there that do not open. */
  const unreadable = new Map<TypeName, number>();

  return {
    commit: (writes) => (concerns(writes) ? commitSealed(writes) : store.commit(writes)),
    commitEach: (writes) => (concerns(writes) ? commitEachSealed(writes) : store.commitEach(writes)),
    get(type, name) {
      const rule = ruleOf(type);
      const found = store.get(type, name);
      return rule ? found.then((item) => item && openItem(type, rule)(item)) : found;
    },
    list(type, options) {
      const rule = ruleOf(type);
      const page = store.list(type, options);
      return rule ? page.then((each) => openPage(type, rule, each, options?.includeSealed ?? false)) : page;
    },
    log(type, after, limit) {
      const rule = ruleOf(type);
      const page = store.log(type, after, limit);
      return rule ? page.then((each) => openLog(type, rule, each)) : page;
    },
    past(type, name, options) {
      const rule = ruleOf(type);
      const page = store.past(type, name, options);
      return rule ? page.then((each) => openPast(type, rule, each)) : page;
    },
    revisionAt: (type, time) => store.revisionAt(type, time),
    head: (type) => store.head(type),
    async bounds(type) {
      const { compacted, head } = await store.bounds(type);
      return { compacted: Math.max(compacted, unreadable.get(type) ?? 0), head };
    },
    compact: (type, revision) => store.compact(type, revision),
    types: () => store.types(),
    onCommit: (listener) =>
      store.onCommit((type, head, entries) => {
        const rule = ruleOf(type);
        listener(type, head, rule && entries ? openAll(type, rule, entries) : entries);
      }),
    close: () => store.close(),
    sealedBefore: async () => void (await Promise.allSettled([...underWay])),
  };

  /** What does not open is history that cannot be read: whoever asks for it lists anew. */
  function openLog(type: TypeName, rule: Rule, page: LogPage): LogPage {
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
    unreadable.set(type, Math.max(unreadable.get(type) ?? 0, compactedRevision));
    const message = `${type} at revision ${compactedRevision} cannot be read: ${last.message}`;
    throw new StoreError({ code: 'compacted', data: { type, compactedRevision } }, message, { cause: last });
  }
}

/** What does not open is history that cannot be read, and so is what came before it. */
function openPast(type: TypeName, rule: Rule, page: PastPage): PastPage {
  const entries: PastEntry[] = [];
  try {
    for (const entry of page.entries) entries.push(openEntry(type, rule, entry));
  } catch (error) {
    if (!isSealedError(error)) throw error;
    return { entries, gone: true };
  }
  return { ...page, entries };
}

/** With `includeSealed`, what does not open is listed beside the others; without, the page fails of it. */
function openPage(type: TypeName, rule: Rule, page: ListPage, includeSealed: boolean): ListPage {
  const items: Item[] = [];
  const sealed: Sealed[] = [];
  for (const { name, value, revision } of page.items) {
    try {
      items.push({ name, value: opened(rule, type, name, value, revision), revision });
    } catch (error) {
      if (!includeSealed || !isSealedError(error)) throw error;
      sealed.push({ name, revision, why: error.failure.data.why });
    }
  }
  return { ...page, items, ...(sealed.length > 0 && { sealed }) };
}

/** undefined where one cannot be opened: whoever reads the log hears why. */
function openAll(type: TypeName, rule: Rule, entries: readonly LogEntry[]): LogEntry[] | undefined {
  try {
    return entries.map((entry) => openEntry(type, rule, entry));
  } catch (error) {
    if (isSealedError(error)) return undefined;
    throw error;
  }
}

function openEntry<E extends LogEntry>(type: TypeName, rule: Rule, entry: E): E {
  return { ...entry, value: opened(rule, type, entry.name, entry.value, entry.revision) };
}

function opened(rule: Rule, type: TypeName, name: string, value: Uint8Array, revision: number): Uint8Array {
  if (!isSealed(value)) {
    if (rule.readsPlain) return value;
    throw unreadable(type, { name, revision, why: 'it is not encrypted, and no provider `identity` lets it be read' });
  }
  const keyName = keyNameOf(value);
  const key = rule.keyNamed(keyName);
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
