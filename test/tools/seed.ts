// One seed for every property of a run: printed once, and taken from ZEROPLANE_SEED to repeat a run.

import { configureGlobal } from 'fast-check';

const { ZEROPLANE_SEED: seed } = process.env;
if (seed) configureGlobal({ seed: Number(seed) });
