// Golden pairs: `testdata/<controller>/<case>.input.yaml` is a key, a time, what else a controller asks for, and the objects; the
// `.output.yaml` beside it the actions.
// UPDATE_GOLDEN=1 writes the outputs anew, to be read before they are committed.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { KubeObject } from '../../core/machinery/object.ts';
import { StatusError } from '../../core/machinery/status.ts';
import { controllers } from './all.ts';
import type { CloudInstance } from './cloud/cloud-instances.ts';
import { ClusterState } from './cluster-state.ts';
import { type Controller, demandOwned, type Failure, type Live } from './controller.ts';
import type { ReadApi } from './read-api.ts';
import { kinds, typeOf } from './testing/kinds.ts';

const folder = join(import.meta.dirname, 'testdata');

interface Header {
  key: string;
  now: string;
  /** What the API answers, by path and query. */
  api?: Record<string, unknown>;
  /** When each node was last heard. */
  heartbeats?: Record<string, string>;
  /** As the setting. */
  deafBeforeStart?: boolean;
  /** The machines that a cloud has, by the names of nodes. */
  machines?: Record<string, CloudInstance>;
  /** How the attempt before failed. */
  failure?: Failure;
}

function controllersFor({ api = {}, heartbeats, machines, deafBeforeStart }: Header): Map<string, Controller> {
  const beats = heartbeats && new Map(Object.entries(heartbeats).map(([node, at]) => [node, Date.parse(at)]));
  const readApi: ReadApi = async (path, query) => {
    const search = new URLSearchParams(query).toString();
    const answer = api[search ? `${path}?${search}` : path];
    if (answer === undefined) throw new StatusError('NotFound', 'the server could not find the requested resource');
    return answer;
  };
  const list = controllers({
    caCertificate: 'PEM',
    podCIDR: '10.244.0.0/16',
    readApi,
    ...(beats && { heartbeats: async () => beats }),
    ...(deafBeforeStart !== undefined && { deafBeforeStart }),
    ...(machines && { cloud: { covers: () => true, find: async ({ name }) => machines[name] } }),
    signSecretToken: async ({ namespace, secret, account }) =>
      `${namespace}/${secret} for ${account.name} ${account.uid}`,
    authority: () => Promise.reject(new Error('what is signed differs each time: see certificates.test.ts')),
  });
  return new Map(list.map((each) => [each.name, each]));
}

it('stands for every controller, an ordinary case and a tricky one at least', () => {
  const all = controllersFor({ key: '', now: '', heartbeats: {}, machines: {} });
  const bare = [...all.keys()]
    .map((name) => ({ name, inputs: inputsOf(name) }))
    .filter(({ inputs }) => inputs.length < 2);
  expect(bare).toEqual([]);
});

function inputsOf(name: string): string[] {
  const at = join(folder, name);
  return existsSync(at) ? readdirSync(at).filter((each) => each.endsWith('.input.yaml')) : [];
}

describe.each(readdirSync(folder))('%s', (name) => {
  it.each(inputsOf(name))('%s', async (file) => {
    const [header, ...objects] = parseAllDocuments(readFileSync(join(folder, name, file), 'utf8')).map((each) =>
      each.toJS(),
    );
    // The first document of an input is its header.
    const { key, now, failure } = header as Header;
    const controller = controllersFor(header as Header).get(name);
    if (!controller) throw new Error(`testdata/${name} is not named after a controller`);
    const state = new ClusterState(kinds);
    for (const object of objects as Live<KubeObject>[]) state.put(typeOf(object), object);
    const before = JSON.stringify(objects);
    const actions = await controller.reconcile(state, key, {
      now: Date.parse(now),
      random: () => 0.5,
      ...(failure && { failure }),
    });
    expect(JSON.stringify(objects), 'a reconcile changes nothing that it was given').toBe(before);
    const output = stringify(JSON.parse(JSON.stringify(actions)), { aliasDuplicateObjects: false });
    const expected = join(folder, name, file.replace('.input.', '.output.'));
    if (process.env['UPDATE_GOLDEN']) writeFileSync(expected, output);
    expect(existsSync(expected), `${expected} is missing`).toBe(true);
    expect(output).toBe(readFileSync(expected, 'utf8'));
    for (const each of actions) demandOwned(controller, each);
  });
});
