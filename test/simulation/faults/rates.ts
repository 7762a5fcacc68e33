// How often each fault strikes, as a share of requests.

export interface FaultRates {
  readonly throttle: number;
  /** Refused because another transaction has the item. */
  readonly conflict: number;
  /** Times out, and never took effect. */
  readonly lostRequest: number;
  /** Times out, and did take effect. */
  readonly lostAnswer: number;
  /** Times out, and takes effect seconds later. */
  readonly lateRequest: number;
  readonly slow: number;
  /** The sender dies at the moment at which a write takes effect. */
  readonly crash: number;
  /** Queries see some items of a transaction before others. */
  readonly torn: number;
}

export const storm: FaultRates = {
  throttle: 0.01,
  conflict: 0.01,
  lostRequest: 0.003,
  lostAnswer: 0.004,
  lateRequest: 0.004,
  slow: 0.03,
  crash: 0.003,
  torn: 0.1,
};

/** Hardly anything gets through: budgets run out, and outcomes stay in doubt. */
export const outage: FaultRates = { ...storm, throttle: 0.4, lostRequest: 0.2, lostAnswer: 0.2, lateRequest: 0.1 };

export const noFaults: FaultRates = {
  throttle: 0,
  conflict: 0,
  lostRequest: 0,
  lostAnswer: 0,
  lateRequest: 0,
  slow: 0,
  crash: 0,
  torn: 0,
};
