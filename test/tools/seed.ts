// One seed for every property of a run, and for what else is tried by chance: printed once, and taken from ZEROPLANE_SEED to repeat a run.

import { configureGlobal } from 'fast-check';

/** Set before any test (generate.ts), whoever starts them. */
export function runSeed(): number {
  return Number(process.env['ZEROPLANE_SEED']);
}

configureGlobal({ seed: runSeed() });
