// resource.Quantity: `500m`, `1.5Gi`, `1e3`. Exact, in units of 10^-9, as bigint.
// Source: apimachinery pkg/api/resource (grammar, rounding up to nano, canonical forms).

import { badRequest } from './status.ts';
import { withoutStart } from './text-ends.ts';

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  /** In billionths of the unit. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

/** Parses a quantity as JSON has it: a string, or a number. Fails with BadRequest. */
export function parseQuantity(input: string | number | bigint): Quantity {
  const parsed = readQuantity(input);
  if (typeof parsed === 'string')
    throw badRequest(`${parsed}: ${JSON.stringify(input)}: write it as in 500m, 2, 1.5Gi or 1e3`);
  return parsed;
}

/** What is wrong with a quantity, in Kubernetes' words, or undefined. */
export function quantityError(input: unknown): string | undefined {
  if (typeof input !== 'string' && typeof input !== 'number' && typeof input !== 'bigint') return wrongFormat;
  if (typeof input === 'string' && commonForm.test(input)) return undefined;
  const parsed = readQuantity(input);
  return typeof parsed === 'string' ? parsed : undefined;
}

/** The canonical form: no fraction, the largest suffix that keeps it exact. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  if (format === 'BinarySI' && isWhole(nanos) && magnitude(nanos) >= 1024n * unit) return formatBinary(nanos / unit);
  return formatDecimal(nanos, format === 'DecimalExponent' ? exponentSuffixes : decimalSuffixes);
}

/** The canonical form of a quantity's text. What is canonical already, as nearly all are, costs one regular expression. */
export function canonicalQuantity(input: string | number | bigint): string {
  if (typeof input === 'string' && canonicalForm.test(input)) return input;
  return formatQuantity(parseQuantity(input));
}

/** Below, at or above zero, as `a` is less than, equal to or greater than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
}

/** The sum, in the format of `a`, or of `b` if `a` is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos - b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

/** In whole units, rounded up: bytes of memory, pieces of a device. */
export function quantityValue({ nanos }: Quantity): number {
  return Number(divideUp(nanos, unit));
}

/** In thousandths, rounded up: milli-CPUs. */
export function quantityMilliValue({ nanos }: Quantity): number {
  return Number(divideUp(nanos, milli));
}

/** As a floating point number of units; not exact. */
export function quantityToNumber({ nanos }: Quantity): number {
  return Number(nanos / unit) + Number(nanos % unit) / 1e9;
}

/** The same of a text; 0 where that is no quantity, as of an object that nobody validated. */
export function numberOfQuantity(text: string | number | undefined): number {
  const parsed = text === undefined ? undefined : readQuantity(text);
  return typeof parsed === 'object' ? quantityToNumber(parsed) : 0;
}

export function quantityOf(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nanos: BigInt(value) * unit, format };
}

const unit = 1_000_000_000n;
const milli = 1_000_000n;
const maxUnits = (1n << 63n) - 1n;

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const wrongNumber = 'unable to parse numeric part of quantity';
const wrongSuffix = "unable to parse quantity's suffix";

/** Valid at a glance. */
const commonForm = /^\d{1,15}(?:m|k|M|G|Ki|Mi|Gi)?$/;
/** Canonical for certain: below the next suffix's size, where no division could be exact. */
const canonicalForm = /^(?:0|[1-9]\d{0,2}(?:|[mkMGT])|[1-9]\d{0,2}(?:Ki|Mi|Gi|Ti))$/;

const decimalSuffixes: Readonly<Record<number, string>> = {
  [-9]: 'n',
  [-6]: 'u',
  [-3]: 'm',
  0: '',
  3: 'k',
  6: 'M',
  9: 'G',
  12: 'T',
  15: 'P',
  18: 'E',
};

const exponentSuffixes: Readonly<Record<number, string>> = Object.fromEntries(
  Object.keys(decimalSuffixes).map((exponent) => [exponent, exponent === '0' ? '' : `e${exponent}`]),
);

const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const decimalExponents = new Map(
  Object.entries(decimalSuffixes).map(([exponent, suffix]) => [suffix, Number(exponent)]),
);

/** The quantity, or what is wrong with the text. Pods ask for the same few amounts, and each is looked at a dozen times. */
function readQuantity(input: string | number | bigint): Quantity | string {
  const text = typeof input === 'string' ? input : String(input);
  let read = known.get(text);
  if (read !== undefined) return read;
  read = readText(text);
  if (text.length <= longestKnown) {
    if (known.size === mostKnown) known.clear();
    known.set(text, read);
  }
  return read;
}

/** Texts read before. Texts come from users: bounded in number and length. */
const known = new Map<string, Quantity | string>();
const mostKnown = 1024;
const longestKnown = 32;

function readText(text: string): Quantity | string {
  // Each character has one place in these: where two could take it, a text that does not match takes the square of its length.
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([a-zA-Z]+)([+-]?\d+)?|([+-]\d+))?$/.exec(text);
  if (!match) return /^[+-]?[0-9.]+(?:[eEinumkKMGTP]+[-+]?[0-9]*|[-+][0-9]*)?$/.test(text) ? wrongNumber : wrongFormat;
  const [, sign, whole = '', fraction = '', suffix = '', exponent, bare] = match;
  if (whole === '' && fraction === '') return text === '' || suffix !== '' || sign === '' ? wrongFormat : wrongNumber;
  const scale = readSuffix(suffix, exponent ?? bare);
  if (!scale) return wrongSuffix;

  const scaled = scaleNanos(whole + fraction, 9 + scale.decimal - fraction.length, scale.factor);
  const capped = scaled > maxUnits * unit ? maxUnits * unit : scaled;
  return { nanos: sign === '-' ? -capped : capped, format: scale.format };
}

interface Scale {
  readonly decimal: number;
  readonly factor: bigint;
  readonly format: QuantityFormat;
}

function readSuffix(suffix: string, exponent: string | undefined): Scale | undefined {
  if (exponent !== undefined) {
    if (suffix !== 'e' && suffix !== 'E') return undefined;
    const decimal = Number(exponent);
    // Beyond these, all is zero or the cap; the bounds keep the arithmetic small.
    return { decimal: Math.max(-1000, Math.min(1000, decimal)), factor: 1n, format: 'DecimalExponent' };
  }
  const decimal = decimalExponents.get(suffix);
  if (decimal !== undefined) return { decimal, factor: 1n, format: 'DecimalSI' };
  const binary = binarySuffixes.indexOf(suffix);
  return binary < 0 ? undefined : { decimal: 0, factor: 1n << BigInt(10 * binary), format: 'BinarySI' };
}

/** More than the cap, or less than a nano, whatever the suffix, where there are more digits than these: the rest only rounds. */
const mostDigits = 1100;

function scaleNanos(text: string, power: number, factor: bigint): bigint {
  const digits = withoutStart(text, '0');
  if (digits.length <= mostDigits) return digits === '' ? 0n : scaleUp(BigInt(digits) * factor, bounded(power));
  const cut = digits.length - mostDigits;
  const rounding = withoutStart(digits.slice(mostDigits), '0') === '' ? '0' : '1';
  return scaleUp(BigInt(digits.slice(0, mostDigits) + rounding) * factor, bounded(power + cut - 1));
}

function bounded(power: number): number {
  return Math.max(-3 * mostDigits, Math.min(3 * mostDigits, power));
}

/** Times ten to a power; what is finer than the unit rounds away from zero. */
function scaleUp(value: bigint, power: number): bigint {
  return power >= 0 ? value * 10n ** BigInt(power) : divideUp(value, 10n ** BigInt(-power));
}

function formatBinary(units: bigint): string {
  let value = units;
  let power = 0;
  while (power < 6 && value % 1024n === 0n) {
    value /= 1024n;
    power++;
  }
  return `${value}${binarySuffixes[power]}`;
}

function formatDecimal(nanos: bigint, suffixes: Readonly<Record<number, string>>): string {
  let value = nanos;
  let exponent = -9;
  while (exponent < 18 && value % 1000n === 0n) {
    value /= 1000n;
    exponent += 3;
  }
  return `${value}${suffixes[exponent]}`;
}

function isWhole(nanos: bigint): boolean {
  return nanos % unit === 0n;
}

function magnitude(nanos: bigint): bigint {
  return nanos < 0n ? -nanos : nanos;
}

/** Rounds up, towards positive infinity, as Value and MilliValue do. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value > 0n && value % by !== 0n ? quotient + 1n : quotient;
}
