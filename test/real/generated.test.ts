// Definitions and objects by chance, through kubectl as their users write them: created, applied, applied again, applied server-side.
// What is answered is what was sent, pruned and defaulted; what was applied once is no change the second time.

import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parseJson } from '../../core/machinery/json.ts';
import type { KubeObject } from '../../core/machinery/object.ts';
import { type KubectlServer, openKubectl } from '../../functions/apiserver/testing/open-kubectl.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import '../tools/seed.ts';
import { fuzzRuns } from '../tools/fuzz-runs.ts';
import { tried } from '../tools/tried.ts';
import { cleaned, kept, resource, type Sample, withShortIntegers } from './structural-schemas.ts';

/** In one run: kubectl starts once for all of them. */
const kindsOfRun = 10;
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

let t: TestApi;
let server: KubectlServer;
let runs = 0;

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  server = await openKubectl(t);
});
afterAll(async () => {
  await server?.close();
  await t?.close();
});

function definition(group: string, { schema }: Sample, index: number) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `kind${index}s.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: `kind${index}s`, kind: `Kind${index}` },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

async function write(objects: readonly object[], ...args: string[]): Promise<string[]> {
  const manifest = objects.map((each) => JSON.stringify(each)).join('\n---\n');
  const { code, stdout, stderr } = await server.kubectl.attemptInput(manifest, ...args, '-f', '-');
  expect(stderr).not.toContain('InternalError');
  expect(code, stderr).toBe(0);
  return stdout.trim().split('\n');
}

it('are answered as they were sent, and applied again without a change', { timeout: 600_000 }, async () => {
  const batch = fc.array(resource, { minLength: kindsOfRun, maxLength: kindsOfRun });
  await fc.assert(fc.asyncProperty(batch, comeAndGo), {
    numRuns: fuzzRuns(2),
    endOnFailure: true,
    // The counterexample is pages long; the seed makes it again.
    reporter({ failed, errorInstance }) {
      if (failed) throw errorInstance;
    },
  });
});

async function comeAndGo(samples: readonly Sample[]): Promise<void> {
  const group = `run${runs++}.example.com`;
  const definitions = samples.map((each, index) => definition(group, each, index));
  await write(definitions, 'apply');
  const isServed = (_: unknown, index: number) => t.definitions.ofType(`${group}/kind${index}s`) !== undefined;
  await vi.waitFor(() => expect(samples.every(isServed)).toBe(true), { timeout: 60_000 });
  try {
    const again = await write(definitions, 'apply');
    expect(again.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);

    const objects = (name: string, content: (each: Sample) => unknown) =>
      samples.map((each, index) => {
        const body: object = Object(content(each));
        return { apiVersion: `${group}/v1`, kind: `Kind${index}`, metadata: { name }, ...body };
      });
    const stored = (name: string) =>
      Promise.all(
        samples.map(async (_, index) => {
          const path = `/apis/${group}/v1/namespaces/default/kind${index}s/${name}`;
          const { status, text } = await t.get(path);
          expect(status, text).toBe(200);
          // as: an object of Kubernetes, with its integers as they are.
          const body = parseJson(text) as KubeObject;
          const { apiVersion, kind, metadata, ...content } = body;
          return { path, body, content, version: metadata.resourceVersion, generation: metadata.generation };
        }),
      );

    // `create` sends all of it: what nobody knows is pruned, nulls give way.
    await write(
      objects('created', ({ sent }) => sent),
      'create',
      '--validate=false',
    );
    const created = (await stored('created')).map(({ content }) => content);
    expect(created).toEqual(samples.map(({ schema, sent }) => kept(schema, sent)));

    const clean = ({ schema, sent }: Sample) => cleaned(schema, sent);
    /** kubectl's patches round longer integers, where it makes them itself. */
    const short = (each: Sample) => withShortIntegers(clean(each));
    const expected = samples.map((each) => kept(each.schema, short(each)));
    const contents = async (name: string) => (await stored(name)).map(({ content }) => content);
    /** As a whole, so that what changed is shown. */
    const all = async (name: string) => (await stored(name)).map(({ body }) => body);
    const generations = async (name: string) => (await stored(name)).map(({ generation }) => generation);

    const applied = objects('applied', short);
    await write(applied, 'apply');
    expect(await contents('applied')).toEqual(expected);
    const first = await all('applied');
    // kubectl sends lists of which items were defaulted again, and says `configured`: whatever it says, nothing is written.
    await write(applied, 'apply');
    expect(await all('applied')).toEqual(first);

    const onTheServer = objects('server-applied', clean);
    await write(onTheServer, 'apply', '--server-side');
    expect(await contents('server-applied')).toEqual(samples.map((each) => kept(each.schema, clean(each))));
    const second = await all('server-applied');
    await write(onTheServer, 'apply', '--server-side');
    expect(await all('server-applied')).toEqual(second);

    // From client-side to server-side, with what was read: atomic lists are the server's where their items were defaulted.
    const before = await generations('applied');
    const whole = objects('applied', (each) => kept(each.schema, short(each)));
    await write(whole, 'apply', '--server-side');
    expect(await contents('applied')).toEqual(expected);
    expect(await generations('applied')).toEqual(before);
    const third = await all('applied');
    await write(whole, 'apply', '--server-side');
    expect(await all('applied')).toEqual(third);
    // And back: kubectl writes its annotation in its own way, and the objects are the same.
    await write(whole, 'apply');
    expect(await contents('applied')).toEqual(expected);
    expect(await generations('applied')).toEqual(before);

    // What was answered, written back.
    for (const { path, body, version } of await stored('applied')) {
      const answer = await t.put(path, body);
      expect([answer.status, answer.body.metadata?.resourceVersion], answer.text).toEqual([200, version]);
    }
    tried('generated definitions through kubectl', samples.length);
  } finally {
    for (const { metadata } of definitions) await t.remove(`${crds}/${metadata.name}`);
  }
}
