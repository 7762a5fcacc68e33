// The one form in which Kubernetes writes a quantity or a time, whatever form a client sent it in.

import { canonicalQuantity, quantityError } from '../quantity.ts';
import { formatMicroTime, formatTime, parseTime } from '../time.ts';

/** `value` in its canonical form; what is not valid stays as it is, for validation to name. */
export function canonicalScalar(format: string, value: unknown): unknown {
  switch (format) {
    case 'quantity':
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return value;
      return canonicalAmount(typeof value === 'string' ? value.trim() : value);
    case 'date-time':
      return typeof value === 'string' ? canonicalTime(value) : value;
    case 'micro-time':
      return typeof value === 'string' ? canonicalMicroTime(value) : value;
    case 'double':
      return typeof value === 'bigint' ? Number(value) : value;
    default:
      return value;
  }
}

function canonicalAmount(value: string | number | bigint): string | number | bigint {
  return quantityError(value) === undefined ? canonicalQuantity(value) : value;
}

const seconds = '2006-01-02T15:04:05Z'.length;
const microseconds = '2006-01-02T15:04:05.000000Z'.length;

function canonicalTime(text: string): string {
  if (text.length === seconds && text.endsWith('Z')) return text;
  const time = parseTime(text);
  return time === undefined ? text : formatTime(time);
}

function canonicalMicroTime(text: string): string {
  if (text.length === microseconds && text.endsWith('Z')) return text;
  const time = parseTime(text);
  return time === undefined ? text : formatMicroTime(time);
}
