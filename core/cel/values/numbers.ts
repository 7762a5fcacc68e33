// Arithmetic of 64 bits, and conversions between numbers and texts. Source: CEL specification, "Numeric Values", "Type Conversions".

import { fail, intResult, Uint, uintResult, type Value } from './values.ts';

export function divide(a: bigint, b: bigint): Value {
  return b === 0n ? fail('division by zero') : intResult(a / b);
}

export function modulo(a: bigint, b: bigint): Value {
  if (b === 0n) return fail('modulus by zero');
  return b === -1n && a === -(2n ** 63n) ? fail('integer overflow') : a % b;
}

export function divideUint({ value: a }: Uint, { value: b }: Uint): Value {
  return b === 0n ? fail('division by zero') : new Uint(a / b);
}

export function moduloUint({ value: a }: Uint, { value: b }: Uint): Value {
  return b === 0n ? fail('modulus by zero') : new Uint(a % b);
}

export function intOfDouble(value: number): Value {
  // Beyond these a double is no int64; the upper one itself is 2^63.
  if (Number.isNaN(value) || value <= -(2 ** 63) || value >= 2 ** 63) return fail('integer overflow');
  return BigInt(Math.trunc(value));
}

export function uintOfDouble(value: number): Value {
  if (Number.isNaN(value) || value < 0 || value >= 2 ** 64) return fail('unsigned integer overflow');
  return new Uint(BigInt(Math.trunc(value)));
}

export function intOfText(text: string): Value {
  const failed = `type conversion error from 'string' to 'int'`;
  if (!/^[+-]?\d+$/.test(text) || text.replace(/^[+-]?0*/, '').length > 20) return fail(failed);
  const value = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? value : fail(failed);
}

export function uintOfText(text: string): Value {
  const failed = `type conversion error from 'string' to 'uint'`;
  if (!/^\d+$/.test(text) || text.replace(/^0*/, '').length > 20) return fail(failed);
  const value = uintResult(BigInt(text));
  return value instanceof Uint ? value : fail(failed);
}

/** As Go's ParseFloat reads it. */
export function doubleOfText(text: string): Value {
  const failed = `type conversion error from 'string' to 'double'`;
  const special = /^([+-]?)(?:(inf(?:inity)?)|(nan))$/i.exec(text);
  if (special) {
    if (special[3]) return special[1] ? fail(failed) : Number.NaN;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return fail(failed);
  const value = Number(text);
  return Number.isFinite(value) ? value : fail(failed);
}

/** As Go writes it with the format `%g`: with an exponent from a million on, and below 1e-4. */
export function textOfDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= 6 || power < -4) return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return String(value);
}

export function boolOfText(text: string): Value {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  return fail(`type conversion error from 'string' to 'bool'`);
}
