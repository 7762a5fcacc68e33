// What goes wrong in a simulated cluster, how often, and how often it did.

/** Chances, each from 0 to 1, of a call or a hint. */
export interface Rates {
  readonly slow: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly lostHint: number;
  readonly doubledHint: number;
  readonly lateHint: number;
}

export const storm: Rates = {
  slow: 0.01,
  refused: 0.004,
  unanswered: 0.004,
  lostHint: 0.1,
  doubledHint: 0.1,
  lateHint: 0.05,
};

export const calm: Rates = { slow: 0, refused: 0, unanswered: 0, lostHint: 0, doubledHint: 0, lateHint: 0 };

export function noFaults() {
  return {
    crashes: 0,
    refused: 0,
    unanswered: 0,
    lostHints: 0,
    doubledHints: 0,
    lateHints: 0,
    lostNodes: 0,
    removedNodes: 0,
    failedContainers: 0,
  };
}

export type Faults = ReturnType<typeof noFaults>;
