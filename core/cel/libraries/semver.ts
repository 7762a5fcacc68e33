// Semantic versions. Source: Kubernetes' CEL library "semver" (KEP-5080); SemVer 2.0.0, sections 2, 9, 10, 11.

import { declared, global, type Library, member, typeConstant } from '../check/environment.ts';
import { bool, int, opaque, string } from '../types/types.ts';
import { fail, OpaqueValue, TypeValue, type Value } from '../values/values.ts';
import { comparisons } from './comparisons.ts';

const type = opaque('kubernetes.Semver');

class SemverValue extends OpaqueValue {
  readonly type = type;
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];
  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    super();
    this.numbers = numbers;
    this.pre = pre;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof SemverValue && compare(this, other) === 0;
  }
}

export const semver: Library = {
  functions: [
    declared(
      'semver',
      global('string_to_semver', [string], type, (text: string) => read(text, false)),
      global('string_bool_to_semver', [string, bool], type, read),
    ),
    declared(
      'isSemver',
      global('is_semver_string', [string], bool, (text: string) => parse(text, false) !== undefined),
      global(
        'is_semver_string_bool',
        [string, bool],
        bool,
        (text: string, lenient: boolean) => parse(text, lenient) !== undefined,
      ),
    ),
    ...(['major', 'minor', 'patch'] as const).map((name, index) =>
      declared(
        name,
        member(`semver_${name}`, [type], int, ({ numbers }: SemverValue) => numbers[index] ?? 0n),
      ),
    ),
    ...comparisons('semver', type, compare),
  ],
  constants: [typeConstant(type.name, type, new TypeValue(type.name))],
};

function read(text: string, lenient: boolean): Value {
  return parse(text, lenient) ?? fail(`invalid semantic version ${JSON.stringify(text)}`);
}

const pattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** `lenient`: `v1.2` and `01.2.3` are versions too. */
function parse(text: string, lenient: boolean): SemverValue | undefined {
  if (text.length > 256) return undefined;
  const [, major, minor, patch, pre] = pattern.exec(lenient ? normalized(text) : text) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  return new SemverValue([BigInt(major), BigInt(minor), BigInt(patch)], pre?.split('.') ?? []);
}

function normalized(text: string): string {
  const [, core = '', rest = ''] = /^v?([0-9.]*)(.*)$/s.exec(text) ?? [];
  const numbers = core.split('.').map((each) => each.replace(/^0+(?=\d)/, ''));
  while (numbers.length < 3 && numbers[0] !== '') numbers.push('0');
  return numbers.join('.') + rest;
}

function compare(a: SemverValue, b: SemverValue): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  // A release comes after what led to it.
  if (a.pre.length === 0 || b.pre.length === 0) return Math.sign(b.pre.length - a.pre.length);
  for (const [index, part] of a.pre.entries()) {
    const other = b.pre[index];
    if (other === undefined) return 1;
    const order = comparePart(part, other);
    if (order !== 0) return order;
  }
  return a.pre.length < b.pre.length ? -1 : 0;
}

/** Numbers by value and before texts, texts by their bytes. */
function comparePart(a: string, b: string): number {
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (left !== right) return left ? -1 : 1;
  if (left) return a.length === b.length ? Math.sign(Number(BigInt(a) - BigInt(b))) : Math.sign(a.length - b.length);
  return a < b ? -1 : a > b ? 1 : 0;
}
