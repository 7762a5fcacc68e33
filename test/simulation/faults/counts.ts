// How often each fault was injected: a run that shows none proves nothing.

export type FaultCounts = { [K in keyof typeof zero]: number };

const zero = {
  throttles: 0,
  conflicts: 0,
  lostRequests: 0,
  lostAnswers: 0,
  lateRequests: 0,
  slow: 0,
  torn: 0,
  outages: 0,
  crashesAfterIncrement: 0,
  crashesAfterWrite: 0,
  crashesAnytime: 0,
  skewedClocks: 0,
  wakeupsLost: 0,
  wakeupsDoubled: 0,
  wakeupsLate: 0,
  collectedEntries: 0,
};

export function noCounts(): FaultCounts {
  return { ...zero };
}
