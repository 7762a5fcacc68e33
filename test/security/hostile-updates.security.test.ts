// An update may take away or twist any field of any object: its reader refuses it with a reason, or takes it, and never breaks.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { fuzzRuns } from '../tools/fuzz-runs.ts';
import { tried } from '../tools/tried.ts';
import { samples } from './samples.ts';

let t: TestApi;
const stored: { readonly target: string; readonly object: Json }[] = [];

type Json = { [field: string]: unknown };
type Path = readonly (string | number)[];

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('a');
  for (const { path, object } of samples) {
    const { status, body, text } = await t.post(path, object);
    expect(status, `${path}: ${text}`).toBe(201);
    stored.push({ target: `${path}/${object.metadata.name}`, object: body });
  }
});

afterAll(async () => {
  await t.close();
});

function* pathsOf(value: unknown, at: Path = []): Iterable<Path> {
  if (at.length > 0) yield at;
  if (typeof value !== 'object' || value === null) return;
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  // Found by the keys of the value itself.
  for (const key of keys) yield* pathsOf((value as Json)[key], [...at, key]);
}

/** A copy with another value at a path, or with nothing there. */
function changed(object: Json, path: Path, value: unknown): Json {
  const copy = structuredClone(object);
  const last = path.at(-1) ?? '';
  // Every step was found in the object itself.
  const parent = path.slice(0, -1).reduce((each, key) => (each as Json)[key] as Json, copy);
  if (value !== undefined) parent[last] = value;
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return copy;
}

const twisted = fc.constantFrom(
  undefined,
  null,
  {},
  [],
  [null],
  [{}],
  '',
  'x',
  0,
  -1,
  1.5,
  true,
  { '': null },
  // What no text can be made of.
  { toString: null, valueOf: null },
  [{ toString: null, valueOf: null }],
  'x'.repeat(300),
);

const methods = fc.constantFrom(
  { method: 'PUT', type: 'application/json' },
  { method: 'PATCH', type: 'application/merge-patch+json' },
  { method: 'PATCH', type: 'application/strategic-merge-patch+json' },
  { method: 'PATCH', type: 'application/apply-patch+yaml' },
);

describe('a sample', () => {
  it('is there of everything that discovery lets create', async () => {
    const versions: string[] = (await t.get('/apis')).body.groups.map(
      (group: { preferredVersion: { groupVersion: string } }) => `/apis/${group.preferredVersion.groupVersion}`,
    );
    const sampled = new Set(samples.map(({ path }) => path.replace('/namespaces/a', '')));
    const missing: string[] = [];
    // Reviews and bindings are answered, not kept; a certificate's request needs a key (see the tests of certificates).
    for (const path of ['/api/v1', ...versions])
      for (const { name, verbs } of (await t.get(path)).body.resources)
        if (verbs.includes('create') && verbs.includes('get') && !name.includes('/') && !sampled.has(`${path}/${name}`))
          missing.push(`${path}/${name}`);
    // The sampled definition brings a resource of its own.
    expect(missing).toEqual([
      '/apis/certificates.k8s.io/v1/certificatesigningrequests',
      '/apis/example.com/v1/samples',
    ]);
  });
});

describe('a twisted object', () => {
  it('is refused or taken, and breaks nothing', { timeout: 300_000 }, async () => {
    const one = fc.nat().chain((choice) => {
      const { target, object } = stored[choice % stored.length] ?? { target: '', object: {} };
      const paths = [...pathsOf(object)];
      return fc.record({
        target: fc.constant(target),
        object: fc.constant(object),
        path: fc.nat().map((each) => paths[each % paths.length] ?? []),
        value: twisted,
        how: methods,
      });
    });
    await fc.assert(
      fc.asyncProperty(one, async ({ target, object, path, value, how: { method, type } }) => {
        const body = changed(object, path, value);
        const query = type.includes('apply') ? 'dryRun=All&fieldManager=me&force=true' : 'dryRun=All';
        if (type.includes('apply')) delete (body['metadata'] as Json | null | undefined)?.['managedFields'];
        const answer = await t.call(method, `${target}?${query}`, { body, headers: { 'content-type': type } });
        tried('updates with a twisted field');
        const said = () => `${method} ${type} ${target} ${path.join('.')}=${JSON.stringify(value)}: ${answer.text}`;
        expect(answer.status, said()).toBeLessThan(500);
        if (answer.status >= 400) expect(answer.body, said()).toMatchObject({ kind: 'Status', status: 'Failure' });
      }),
      { numRuns: fuzzRuns(4000) },
    );
  });
});
