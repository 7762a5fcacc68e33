// What many processes hold of something that there is only so much of, such as invocations that last. Outside the log. A claim ends by
// itself some time after its holder's process was to be gone, so that a process that was killed keeps nothing from others for long.

export interface Claim {
  /** Of what. */
  readonly pool: string;
  readonly holder: string;
  /** Of one claim. */
  readonly id: string;
}

/** How many there are now. */
export interface Claimed {
  /** Of the same holder. */
  readonly own: number;
  readonly all: number;
}

/** Throws StoreError (`throttled`). */
export interface Claims {
  /** Makes the claim, good until `untilMs` (Unix milliseconds), and counts it with all others: two at once see each other. */
  make(claim: Claim, untilMs: number): Promise<Claimed>;
  drop(claim: Claim): Promise<void>;
}
