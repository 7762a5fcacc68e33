// Golden pairs: `testdata/<controller>/<case>.input.yaml` is a key, a time and the objects; the `.output.yaml` beside it the actions.
// UPDATE_GOLDEN=1 writes the outputs anew, to be read before they are committed.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { KubeObject } from '../../core/machinery/object.ts';
import { controllers } from './all.ts';
import type { Live } from './controller.ts';
import { kinds, typeOf } from './testing/kinds.ts';
import { World } from './world.ts';

const folder = join(import.meta.dirname, 'testdata');
const all = new Map(controllers({ caCertificate: 'PEM', podCIDR: '10.244.0.0/16' }).map((each) => [each.name, each]));

interface Header {
  key: string;
  now: string;
}

describe.each(readdirSync(folder))('%s', (name) => {
  const cases = readdirSync(join(folder, name)).filter((each) => each.endsWith('.input.yaml'));
  it.each(cases)('%s', async (file) => {
    const controller = all.get(name);
    if (!controller) throw new Error(`testdata/${name} is not named after a controller`);
    const [header, ...objects] = parseAllDocuments(readFileSync(join(folder, name, file), 'utf8')).map((each) =>
      each.toJS(),
    );
    // The first document of an input is its header.
    const { key, now } = header as Header;
    const world = new World(kinds);
    for (const object of objects as Live<KubeObject>[]) world.put(typeOf(object), object);
    const before = JSON.stringify(objects);
    const actions = await controller.reconcile(world, key, { now: Date.parse(now), random: () => 0.5 });
    expect(JSON.stringify(objects), 'a reconcile changes nothing that it was given').toBe(before);
    const output = stringify(JSON.parse(JSON.stringify(actions)), { aliasDuplicateObjects: false });
    const expected = join(folder, name, file.replace('.input.', '.output.'));
    if (process.env['UPDATE_GOLDEN']) writeFileSync(expected, output);
    expect(existsSync(expected), `${expected} is missing`).toBe(true);
    expect(output).toBe(readFileSync(expected, 'utf8'));
  });
});
