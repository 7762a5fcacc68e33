// Texts that documents are made of, kept while documents are asked for: a change of one definition writes that one anew. What is not
// asked for within a minute is let go of, since clients keep documents by their hash and seldom ask.

/** A part of a document: of one definition, or of one model. */
export interface Texts {
  /** Paths, and schemas, each with its JSON. */
  readonly paths: readonly Entry[];
  readonly schemas: readonly Entry[];
  /** Schemas of other parts that these refer to. */
  readonly refers: readonly string[];
}

export type Entry = readonly [name: string, json: string];

export interface KeptTexts {
  /** The texts under this key as they were made of `source`; of another source they are made anew. */
  of(key: string, source: unknown, make: () => Texts): Texts;
  /** A source that was replaced stays under its key until it is asked for again: who knows that it is gone says so. */
  forget(isGone: (key: string, source: unknown) => boolean): void;
}

/** Beyond these bytes nothing more is kept: what is there already goes on serving. */
const maxBytes = 16 * 1024 * 1024;
const keptMs = 60_000;

interface Kept {
  readonly source: unknown;
  readonly texts: Texts;
  readonly bytes: number;
}

export function keepTexts(): KeptTexts {
  const kept = new Map<string, Kept>();
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const later = () => {
    if (timer) timer.refresh();
    else timer = setTimeout(forgetAll, keptMs).unref();
  };
  const forgetAll = () => {
    timer = undefined;
    kept.clear();
    bytes = 0;
  };
  const drop = (key: string, { bytes: size }: Kept) => {
    kept.delete(key);
    bytes -= size;
  };
  return {
    of(key, source, make) {
      later();
      const found = kept.get(key);
      if (found && found.source === source) return found.texts;
      if (found) drop(key, found);
      const texts = make();
      const size = bytesOf(texts);
      if (bytes + size <= maxBytes) {
        kept.set(key, { source, texts, bytes: size });
        bytes += size;
      }
      return texts;
    },
    forget(isGone) {
      for (const [key, each] of kept) if (isGone(key, each.source)) drop(key, each);
    },
  };
}

/** About. */
export function bytesOf({ paths, schemas, refers }: Texts): number {
  let sum = 64 * refers.length;
  for (const [name, json] of [...paths, ...schemas]) sum += name.length + json.length;
  return sum;
}
