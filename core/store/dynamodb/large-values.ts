// Values above what an item holds live beside the table, under the hash of their content (D7).

export interface LargeValues {
  /** Durable when it returns. Writing the same content again changes nothing. */
  put(hash: string, bytes: Uint8Array): Promise<void>;
  /** Fails when there is none. */
  get(hash: string): Promise<Uint8Array>;
}

/** Encoded bytes above this do not go into an item (DynamoDB's limit is 400 KB with keys and names). */
export const largestInline = 350_000;

/** What the values of one transaction may hold together (DynamoDB's limit is 4 MB with everything else). */
export const largestTogether = 3_800_000;
