// Values above what an item holds live beside the table, each under a name of its own that is never written again (D7).

export interface LargeValues {
  /** Durable when it returns. A name is of one value: writing it twice changes nothing. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Fails with a MissingValueError when there is none. */
  get(name: string): Promise<Uint8Array>;
  /** Nothing refers to it any more. One that is gone already is no failure. */
  remove(name: string): Promise<void>;
}

/** What refers to it lies in the part of the log that was given up, or the bucket is not the one of this table. */
export class MissingValueError extends Error {
  override readonly name = 'MissingValueError';

  constructor(name: string) {
    super(`the value ${name} is not in the place for large values`);
  }
}

/** Encoded bytes above this do not go into an item (DynamoDB's limit is 400 KB with keys and names). */
export const largestInline = 350_000;

/** What the values of one transaction may hold together (DynamoDB's limit is 4 MB with everything else). */
export const largestTogether = 3_800_000;

/** A writer refers to a value within this time of writing it, or never. Milliseconds. */
export const longestWriteMs = 3600_000;

/** Younger ones are left alone, whatever refers to them: far more than any writer has, and clocks may differ. Milliseconds. */
export const youngestCollectedMs = 24 * 3600_000;
