// Any field that a kind's schema has, set to anything, in a new object or a stored one: it is taken, or refused with an error of the
// client's that says which field is wrong.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '../../core/machinery/schema.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { fuzzRuns } from '../tools/fuzz-runs.ts';
import { tried } from '../tools/tried.ts';
import { type Sample, samples } from './samples.ts';

type Json = { [field: string]: unknown };

interface Subject extends Sample {
  readonly schema: Schema;
  readonly stored: Json;
}

let t: TestApi;
const subjects: Subject[] = [];

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('a');
  for (const { path, object } of samples) {
    const { status, body, text } = await t.post(path, object);
    expect(status, `${path}: ${text}`).toBe(201);
    const [, group = '', version = '', , resource = ''] =
      /^\/apis?\/(?:(.+)\/)?(v[0-9a-z]+)(\/namespaces\/a)?\/(.+)$/.exec(path) ?? [];
    const schema = t.definitions.find(group, version, resource)?.schema;
    if (!schema) throw new Error(`no schema of ${path}`);
    subjects.push({ path, object, schema, stored: body });
  }
});

afterAll(() => t.close());

/** What may stand in a field: of its type and of others, at the edges of what is allowed. */
const odd: readonly unknown[] = [
  ...[
    null,
    '',
    'x',
    'A_b',
    '-',
    'a/b',
    '..',
    '%',
    'fe80::1%eth0',
    '010.0.0.1',
    '10.0.0.1/8/9',
    '1.5',
    '-1',
    '1e3',
    '100%',
    '101%',
  ],
  ...[
    'x'.repeat(300),
    '\u0000',
    '\ud800',
    '__proto__',
    'self.x',
    '* * * * *',
    '{',
    '(',
    'https://[',
    'MTIz',
    '2026-01-02T03:04:05Z',
  ],
  ...[0, -1, 1, 1.5, 65_536, 2 ** 31, 2 ** 53, 1e300, true, false],
  ...[{}, [], [null], [{}], [[]], [''], ['a', 'a'], { '': '' }, { 'a b': 'x' }, { a: null }, { constructor: {} }],
];

/** Sets what `choices` lead to, on the way making what is not there. Returns the path. */
function twist(object: Json, root: Schema, choices: readonly number[], value: unknown): string[] {
  const path: string[] = [];
  let at: Json = object;
  let schema = root;
  for (const [step, choice] of choices.entries()) {
    const names = Object.keys(schema.properties ?? {}).filter((name) => step > 0 || !/^(kind|apiVersion)$/.test(name));
    const map = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const name = names[choice % Math.max(names.length, 1)] ?? (map ? (Object.keys(at)[0] ?? 'k') : undefined);
    if (name === undefined) return path;
    path.push(name);
    const next = schema.properties?.[name] ?? map ?? {};
    const list = next.type === 'array';
    const item = list ? (next.items ?? {}) : next;
    const deeper = item.properties !== undefined || typeof item.additionalProperties === 'object';
    if (!deeper || step === choices.length - 1) {
      at[name] = value;
      return path;
    }
    const there = at[name];
    if (list) {
      const items = Array.isArray(there) && there.length > 0 ? there : [{}];
      at[name] = items;
      if (typeof items[0] !== 'object' || items[0] === null) items[0] = {};
      at = items[0];
    } else {
      if (typeof there !== 'object' || there === null || Array.isArray(there)) at[name] = {};
      // Just made, or found to be an object.
      at = at[name] as Json;
    }
    schema = item;
  }
  return path;
}

const ways = fc.constantFrom('create', 'update', 'status');

describe('an object with any field set to anything', () => {
  it('is taken, or refused by the name of the field', { timeout: 600_000 }, async () => {
    const one = fc.record({
      subject: fc.nat(),
      choices: fc.array(fc.nat(), { minLength: 1, maxLength: 9 }),
      value: fc.constantFrom(...odd),
      way: ways,
    });
    await fc.assert(
      fc.asyncProperty(one, async ({ subject: choice, choices, value, way }) => {
        const subject = subjects[choice % subjects.length];
        if (!subject) return;
        const body = structuredClone<Json>(way === 'create' ? subject.object : subject.stored);
        if (way === 'create') body['metadata'] = { ...Object(body['metadata']), name: 'another' };
        const path = twist(body, subject.schema, choices, value);
        const target = `${subject.path}/${subject.object.metadata.name}`;
        const answer =
          way === 'create'
            ? await t.call('POST', `${subject.path}?dryRun=All&fieldValidation=Strict`, { body })
            : await t.call('PUT', `${target}${way === 'status' ? '/status' : ''}?dryRun=All`, { body });
        tried('objects with any field of their schema set to anything');
        const said = () => `${way} ${target} ${path.join('.')}=${JSON.stringify(value)}: ${answer.text}`;
        expect(answer.status, said()).toBeLessThan(500);
        if (answer.status < 400) return;
        const { kind, status, reason, message, details } = answer.body;
        expect({ kind, status }, said()).toEqual({ kind: 'Status', status: 'Failure' });
        if (reason === 'Invalid') {
          expect(details.causes.length, said()).toBeGreaterThan(0);
          for (const { field } of details.causes) expect(field, said()).toMatch(/^[a-zA-Z]/);
        } else if (reason === 'BadRequest') {
          // What cannot be decoded is told of by a name on the way to it; what has lost its name, as that.
          const named = ['name of the object', ...path].some((name) =>
            message.toLowerCase().includes(name.toLowerCase()),
          );
          // Of a text that is no time, amount or bytes Go says what it is, and not where.
          expect(
            named || /: (?:parsing time "|illegal base64 data|quantities must match|unable to parse )/.test(message),
            said(),
          ).toBe(true);
        }
      }),
      { numRuns: fuzzRuns(4000) },
    );
  });
});
