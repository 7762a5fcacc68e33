// IntOrString fields: a count, or a percentage of one (`maxSurge: 25%`), or a port's number or name.

import { percentErrors } from './names.ts';
import { badRequest } from './status.ts';

export type IntOrString = number | string;

/** A count, or a percentage scaled to `total`. Fails with BadRequest for other strings. */
export function scaledValue(value: IntOrString, total: number, round: 'up' | 'down'): number {
  const percent = percentOf(value);
  if (percent === undefined) return Number(value);
  // Whole numbers first: 7% of 100 is 7, not 7.000000000000001 rounded up.
  const scaled = (percent * total) / 100;
  return round === 'up' ? Math.ceil(scaled) : Math.floor(scaled);
}

/** The percentage that a string means, or undefined for a count. Fails with BadRequest for strings that are neither. */
function percentOf(value: IntOrString): number | undefined {
  if (typeof value === 'number') return undefined;
  if (percentErrors(value).length > 0) {
    throw badRequest(
      `invalid value for IntOrString: invalid type: string is not a percentage: ${JSON.stringify(value)}`,
    );
  }
  return Number(value.slice(0, -1));
}
