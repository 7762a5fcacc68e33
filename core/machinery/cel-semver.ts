// Semantic versions in CEL. Source: Kubernetes' CEL library "semver" (KEP-5080); SemVer 2.0.0, sections 2, 9, 10, 11.

import type { Environment } from '@marcbachmann/cel-js';
import { CelCallError } from './cel-call-error.ts';

/** A class, because the library tells types apart by constructor. */
class CelSemver {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];
  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    this.numbers = numbers;
    this.pre = pre;
  }
}

export function registerCelSemver(environment: Environment): void {
  const add = environment.registerFunction.bind(environment);
  const type = 'kubernetes.Semver';
  environment.registerType(type, CelSemver);
  add(`semver(string): ${type}`, (text: string) => required(text, false));
  add(`semver(string, bool): ${type}`, required);
  add('isSemver(string): bool', (text: string) => parse(text, false) !== undefined);
  add('isSemver(string, bool): bool', (text: string, lenient: boolean) => parse(text, lenient) !== undefined);
  for (const [index, name] of ['major', 'minor', 'patch'].entries())
    add(`${type}.${name}(): int`, ({ numbers }: CelSemver) => numbers[index] ?? 0n);
  add(`${type}.compareTo(${type}): int`, (a: CelSemver, b: CelSemver) => BigInt(compare(a, b)));
  add(`${type}.isGreaterThan(${type}): bool`, (a: CelSemver, b: CelSemver) => compare(a, b) > 0);
  add(`${type}.isLessThan(${type}): bool`, (a: CelSemver, b: CelSemver) => compare(a, b) < 0);
}

function required(text: string, lenient: boolean): CelSemver {
  const version = parse(text, lenient);
  if (!version) throw new CelCallError(`invalid semantic version ${JSON.stringify(text)}`);
  return version;
}

const pattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** `lenient`: `v1.2` and `01.2.3` are versions too. */
function parse(text: string, lenient: boolean): CelSemver | undefined {
  if (text.length > 256) return undefined;
  const [, major, minor, patch, pre] = pattern.exec(lenient ? normalized(text) : text) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  return new CelSemver([BigInt(major), BigInt(minor), BigInt(patch)], pre?.split('.') ?? []);
}

function normalized(text: string): string {
  const [, core = '', rest = ''] = /^v?([0-9.]*)(.*)$/s.exec(text) ?? [];
  const numbers = core.split('.').map((each) => each.replace(/^0+(?=\d)/, ''));
  while (numbers.length < 3 && numbers[0] !== '') numbers.push('0');
  return numbers.join('.') + rest;
}

function compare(a: CelSemver, b: CelSemver): number {
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
