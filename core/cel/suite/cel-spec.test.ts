import { tests as checking } from '@bufbuild/cel-spec/testdata/checking.js';
import { tests as comprehension } from '@bufbuild/cel-spec/testdata/comprehension.js';
import { tests as conformance } from '@bufbuild/cel-spec/testdata/conformance.js';
import { tests as parsing } from '@bufbuild/cel-spec/testdata/parsing.js';
import { describe, expect, it } from 'vitest';
import { check } from '../check/checker.ts';
import { withVariables } from '../check/environment.ts';
import { kubernetes } from '../kubernetes/environment.ts';
import { programOf } from '../program.ts';
import { parse } from '../syntax/parser.ts';
import { showProblems } from '../syntax/problem.ts';
import { formatType, type Type } from '../types/types.ts';
import { equals } from '../values/equality.ts';
import type { Value } from '../values/values.ts';
import { corpusType, corpusValue } from './corpus-values.ts';
import { reasonLeftOut } from './left-out.ts';

function declared(typeEnv: NonNullable<CorpusTest['original']['typeEnv']>) {
  return typeEnv.map(({ name, ident }) => [name, corpusType(ident?.type ?? {}) as Type] as const);
}

/** Of the suites that cel-go's parser and checker are tested with: the type, or the text of all errors. */
function differsInChecks({ original: { expr, typeEnv = [] }, type, error }: CorpusTest): string | undefined {
  const env = withVariables(kubernetes, declared(typeEnv));
  const parsed = parse(expr);
  const result = 'problems' in parsed ? parsed : check(parsed.node, parsed.size, env);
  const actual = 'problems' in result ? showProblems(expr, result.problems) : formatType(result.checked.type);
  // cel-go names no input in errors of its parser alone.
  const wanted = error?.replaceAll('ERROR: :', 'ERROR: <input>:') ?? type;
  // A syntax error must be one; ANTLR goes on after the first, and tells what it makes of the rest.
  if (wanted?.includes('Syntax error:') || wanted?.includes('reserved identifier'))
    return actual.startsWith('ERROR') ? undefined : actual;
  return actual === wanted ? undefined : `${actual}\n  instead of\n${wanted}`;
}

/** undefined: as the corpus expects; a text says what differs. */
function differs({ original, type }: CorpusTest): string | undefined {
  const { expr, typeEnv = [], bindings = {}, value, typedResult, evalError, checkOnly } = original;
  const env = withVariables(kubernetes, declared(typeEnv));
  const parsed = parse(expr);
  if ('problems' in parsed) return evalError ? undefined : showProblems(expr, parsed.problems);
  const result = check(parsed.node, parsed.size, env);
  if ('problems' in result) return evalError ? undefined : showProblems(expr, result.problems);
  const shown = formatType(result.checked.type);
  if (type !== undefined && type !== shown) return `type ${shown} instead of ${type}`;
  if (checkOnly) return undefined;
  const inputs = new Map(Object.entries(bindings).map(([name, each]) => [name, corpusValue(each.value) as Value]));
  const outcome = programOf(result.checked, env).run(inputs, 1_000_000);
  if (evalError) return outcome.ok ? 'no error' : undefined;
  if (!outcome.ok) return outcome.message;
  const wanted = corpusValue(value ?? typedResult?.result ?? { boolValue: true }) as Value;
  const same = equals(outcome.value, wanted) || (Number.isNaN(outcome.value) && Number.isNaN(wanted));
  return same ? undefined : `${inspect(outcome.value)} instead of ${inspect(wanted)}`;
}

function inspect(value: Value): string {
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each));
}

function* all(suite: CorpusSuite, path: string): Iterable<readonly [string, CorpusTest]> {
  for (const test of suite.tests ?? []) yield [`${path}/${test.original.name ?? test.original.expr}`, test];
  for (const each of suite.suites ?? []) yield* all(each, `${path}/${each.name}`);
}

describe.each([conformance, comprehension, parsing, checking])('the corpus of CEL: $name', (suite) => {
  it('is what Kubernetes makes of it', () => {
    const failures: string[] = [];
    const leftOut = new Map<string, number>();
    let applicable = 0;
    for (const [path, test] of all(suite, suite.name)) {
      const reason = reasonLeftOut(path, test);
      if (reason !== undefined) {
        leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
        continue;
      }
      applicable += 1;
      const difference = /parsing|checking/.test(suite.name) ? differsInChecks(test) : differs(test);
      if (difference !== undefined) failures.push(`${path}: ${test.original.expr}\n    ${difference}`);
    }
    console.log(`cel-spec, ${suite.name}: ${applicable - failures.length} passed of ${applicable} applicable`);
    for (const [reason, count] of leftOut) console.log(`  ${count} left out: ${reason}`);
    expect(failures).toEqual([]);
    expect(applicable).toBeGreaterThan(0);
  });
});
