// JSON in which integers are integers. What JSON.parse rounds, whole numbers of 64 bits beyond 2^53, are bigints here, and are
// written as numbers again; all others are what they were. A text is parsed by JSON.parse, and only one that has digits enough for
// such a number is looked through once more. So a whole number is a safe `number` or a bigint; any other `number` is a float.
// Source: sigs.k8s.io/json (an integer literal is int64 where it fits, else float64; what is no finite float64 is refused).

import './bigint-json.ts';
import { maxDepth, maxValues, tooDeep, tooManyValues } from './depth.ts';
import { jsonValue } from './json-names.ts';
import { getOwn, setOwn } from './own.ts';

export interface Decoded {
  readonly value: unknown;
  /** Paths of fields that stand more than once, such as `spec.replicas`; the last one counts. */
  readonly duplicates: readonly string[];
  /** What Go's reader of YAML says of them, `line 9: key "foo" already set in map`; where the text was YAML. */
  readonly duplicateLines?: readonly string[];
  /** Whole numbers that are written as floats (`1.0`, `1e3`): no field of Go's type int takes them. */
  readonly floats?: readonly FloatLiteral[];
}

export interface FloatLiteral {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** The value of a JSON text, with every integer of 64 bits as it stands there. Throws SyntaxError, also for what is no finite number. */
export function parseJson(text: string): unknown {
  const value = jsonValue(text);
  if (hasLongNumber(text) || hasLargeExponent(text)) return scan(text, value).value;
  return value;
}

/** The object, or list, that a text of somebody else's is the JSON of; undefined for whatever else it is. */
export function jsonObject(text: string): object | undefined {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Calls `onField` for each name of a text that is JSON, in the order in which they stand there, before what is below it. `again`: the object
 * had it before. `path`: made when it is asked for.
 */
export function visitFields(text: string, onField: (name: string, again: boolean, path: () => string) => void): void {
  scan(text, undefined, false, onField);
}

/** Kubernetes' words for a duplicate field, in warnings and in strict failures. */
export function duplicateFieldMessage(path: string): string {
  return `duplicate field "${path}"`;
}

/** Whole, and known exactly: Go's int64. A float beyond 2^53 is none, whatever it stands for. */
export function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

/** An integer in the one form that it has here; beyond 64 bits the nearest float, as in Go. */
export function integerOf(value: bigint): number | bigint {
  if (value >= minSafe && value <= maxSafe) return Number(value);
  return BigInt.asIntN(64, value) === value ? value : Number(value);
}

const minSafe = BigInt(Number.MIN_SAFE_INTEGER);
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

/** As many as 2^53 has; each number that has them stands over one position of every sixteen. */
export const longNumber = 16;

function hasLongNumber(text: string): boolean {
  for (let at = longNumber - 1; at < text.length; at += longNumber) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let start = at;
    let end = at + 1;
    while (start > 0 && isDigit(text.charCodeAt(start - 1))) start--;
    while (isDigit(text.charCodeAt(end))) end++;
    if (end - start >= longNumber && beginsNumber(text, start)) return true;
  }
  return false;
}

/** Whether digits may be a number's first ones: within a string, such as keys of the store's log, they seldom stand behind what is before one. */
function beginsNumber(text: string, start: number): boolean {
  const before = text[start - 1] === '-' ? start - 2 : start - 1;
  return before < 0 || ' \t\r\n[:,'.includes(text[before] ?? '');
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether a number may be too large for a float. Many a uid has such characters too, but not after what stands before a number. */
function hasLargeExponent(text: string): boolean {
  if (!/\d[eE][+\d]\d\d/.test(text)) return false;
  largeExponent.lastIndex = 0;
  for (let match = largeExponent.exec(text); match; match = largeExponent.exec(text)) {
    let before = match.index;
    while (isDigit(text.charCodeAt(before)) || text[before] === '.') before--;
    if (beginsNumber(text, before + 1)) return true;
  }
  return false;
}

const largeExponent = /\d[eE]\+?\d{3}/g;

interface Level {
  readonly isArray: boolean;
  /** The names so far, once there are two. */
  seen: Set<string> | undefined;
  name: string;
  index: number;
  /** What stands there in the value; found when a number in it is mended. */
  container: unknown;
}

/** As many as Kubernetes' decoder reports. */
const maxReportedDuplicates = 100;

/** With the array around the value. */
export const deepest = maxDepth + 1;

/** More are not reported: each costs memory, and one is enough to refuse a body. */
const maxFloats = 1000;

/**
 * Walks a text that JSON.parse took, so that nothing but structure and numbers needs a look; mends the numbers in `value`. `limited`: it
 * is a request's body.
 */
export function scan(
  text: string,
  value: unknown,
  limited = false,
  onField?: (name: string, again: boolean, path: () => string) => void,
): Decoded {
  // An array around the value, so that a number alone has a place too.
  const levels: Level[] = [{ isArray: true, seen: undefined, name: '', index: 0, container: [value] }];
  const [outer] = levels as [Level];
  const duplicates: string[] = [];
  const floats: FloatLiteral[] = [];
  let expectName = false;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    switch (code) {
      case 0x22: {
        const end = endOfString(text, at);
        const level = levels.at(-1);
        if (expectName && level) {
          const again = isSecond(level, stringOf(text.slice(at + 1, end)));
          if (again && duplicates.length < maxReportedDuplicates) duplicates.push(pathOf(levels));
          onField?.(level.name, again, () => pathOf(levels));
          expectName = false;
        }
        at = end;
        break;
      }
      case 0x7b:
        levels.push({ isArray: false, seen: undefined, name: '', index: -1, container: undefined });
        if (text.charCodeAt(at + 1) !== 0x7d) values++;
        expectName = true;
        if (limited && levels.length > deepest) throw tooDeep();
        break;
      case 0x5b:
        levels.push({ isArray: true, seen: undefined, name: '', index: 0, container: undefined });
        if (text.charCodeAt(at + 1) !== 0x5d) values++;
        expectName = false;
        if (limited && levels.length > deepest) throw tooDeep();
        break;
      case 0x7d:
      case 0x5d:
        levels.pop();
        expectName = false;
        break;
      case 0x2c: {
        const level = levels.at(-1);
        if (!level) break;
        values++;
        if (limited && values > maxValues) throw tooManyValues();
        if (level.isArray) level.index++;
        else {
          level.index = 0;
          expectName = true;
        }
        break;
      }
      default:
        if (code !== 0x2d && !isDigit(code)) break;
        at = readNumber(text, at, levels, floats) - 1;
    }
  }
  // It was made above, with one item.
  const [mended] = outer.container as [unknown];
  return floats.length > 0
    ? { value: mended, duplicates: [...new Set(duplicates)], floats }
    : { value: mended, duplicates: [...new Set(duplicates)] };
}

/** Where the number ends that stands at `start`. One that JSON.parse rounds is put right in the value. */
function readNumber(text: string, start: number, levels: readonly Level[], floats: FloatLiteral[]): number {
  let end = start + 1;
  while (isDigit(text.charCodeAt(end))) end++;
  const next = text.charCodeAt(end);
  const whole = next !== 0x2e && next !== 0x65 && next !== 0x45; // . e E
  if (whole && end - start < longNumber) return end;
  while (isInNumber(text.charCodeAt(end))) end++;
  const literal = text.slice(start, end);
  const float = Number(literal);
  if (!Number.isFinite(float)) {
    throw new SyntaxError(`cannot unmarshal number ${literal.slice(0, 40)} into Go value of type float64`);
  }
  if (!Number.isInteger(float)) return end;
  // A float that follows an integer in a field of the same name counts, as every last one does.
  if (!Number.isSafeInteger(float)) mend(levels, whole && literal.length <= maxInt64Length ? BigInt(literal) : float);
  if (!whole && floats.length < maxFloats) floats.push({ path: levels.slice(1).map(stepOf), text: literal });
  return end;
}

const maxInt64Length = '-9223372036854775808'.length;

function isInNumber(code: number): boolean {
  return isDigit(code) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === 0x2d; // . e E + -
}

/** Whether the field's name stood in this object before. `index` is below 0 until the first one is over. */
function isSecond(level: Level, name: string): boolean {
  const before = level.name;
  level.name = name;
  if (level.index < 0) return false;
  level.seen ??= new Set([before]);
  const { size } = level.seen;
  return level.seen.add(name).size === size;
}

/** Puts a number where the walk is, unless another value took its place: the last of two fields with one name counts. */
function mend(levels: readonly Level[], exact: number | bigint): void {
  const value = typeof exact === 'bigint' ? integerOf(exact) : exact;
  const container = containerAt(levels, levels.length - 1);
  const step = stepOf(levels[levels.length - 1]!);
  const present = memberOf(container, step);
  if ((typeof present !== 'number' && typeof present !== 'bigint') || Number(present) !== Number(value)) return;
  // It has a member at that step, so it is what the step is for.
  if (typeof step === 'number') (container as unknown[])[step] = value;
  else setOwn(container as Record<string, unknown>, step, value);
}

/** Each is looked for once, however many numbers it holds. */
function containerAt(levels: readonly Level[], depth: number): unknown {
  let known = depth;
  while (levels[known]!.container === undefined) known--;
  for (let next = known + 1; next <= depth; next++) {
    const above = levels[next - 1]!;
    levels[next]!.container = memberOf(above.container, stepOf(above)) ?? null;
  }
  return levels[depth]!.container;
}

function memberOf(container: unknown, step: string | number): unknown {
  if (Array.isArray(container)) return typeof step === 'number' ? container[step] : undefined;
  return typeof container === 'object' && typeof step === 'string' ? getOwn(container, step) : undefined;
}

function stepOf({ isArray, name, index }: Level): string | number {
  return isArray ? index : name;
}

/** What a string literal says that stands between quotes in a text that has been parsed. */
function stringOf(inner: string): string {
  return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner;
}

export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
}

function pathOf(levels: readonly Level[]): string {
  return levels
    .slice(1)
    .map(({ isArray, name, index }) => (isArray ? `[${index}]` : `.${name}`))
    .join('')
    .replace(/^\./, '');
}
