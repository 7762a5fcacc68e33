// Reads a Quantity as a number: cores, bytes, counts. Source: apimachinery, "Quantity".

import { getOwn } from '../../core/machinery/own.ts';

const units: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The API server has validated quantities; text that is none counts as 0. */
export function parseQuantity(text: string | number): number {
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkMGTPE]?i?)$/.exec(String(text));
  return match ? Number(match[1]) * (getOwn(units, match[2] ?? '') ?? 0) : 0;
}
