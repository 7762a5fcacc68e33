// What the parts of the contract's suite share.

import type { Store } from '../store.ts';

export interface OpenedStore {
  readonly store: Store;
  /** Deletes what has expired at this Unix time in seconds; by the engine's own clock where no time can be given. */
  expire(nowSeconds: number): Promise<void>;
  /** Closes the store and removes what it made. */
  dispose(): Promise<void>;
}

export interface ContractOptions {
  /** An engine without snapshots of its own may answer `compacted` to a list at an older revision. Default: it has them. */
  readonly olderRevisions?: boolean;
  /** An engine may take a revision before it knows whether the commit holds: the log then passes over it. Default: it does not. */
  readonly failuresTakeRevisions?: boolean;
}

export interface Suite {
  readonly options: ContractOptions;
  /** The store of the test that runs. */
  readonly opened: OpenedStore;
}
