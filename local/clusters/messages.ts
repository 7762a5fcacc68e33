// What a host and the process of a cluster that it hosts say to each other.

/** Of the host. */
export type Question =
  | { readonly id: number; readonly ask: 'work' }
  /** A whole, consistent copy of the store, in a new file. */
  | { readonly id: number; readonly ask: 'copy'; readonly path: string };

/** Of the process: it serves; or an answer. */
export type Said =
  | { readonly serving: true }
  | { readonly id: number; readonly work: Work }
  | { readonly id: number; readonly copied: true }
  | { readonly id: number; readonly failed: string };

/** What controllers have to do. */
export interface Work {
  readonly quiet: boolean;
  /** When there will be something by itself, Unix milliseconds. */
  readonly nextDue?: number;
}
