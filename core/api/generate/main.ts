// `npm run generate`: reads core/kinds and the exact pin of @kubernetes/client-node, and writes the ignored folder generated/ (D10):
// kubernetes.ts (types), type-map.ts, resources.json, models.ts (as a text, read by who needs a schema), descriptions.json (texts, loaded
// only by who shows them), and an index of each facet of the kinds.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setOwn } from '../../machinery/own.ts';
import type { Fields } from '../fields.ts';
import type { ModelRow } from '../model-row.ts';
import { withEmptyStructs } from './empty-structs.ts';
import { indexOf, nameFolders, typeMap } from './indexes.ts';
import { homeOf, messageRows } from './message-rows.ts';
import { modelFacts } from './model-facts.ts';
import { openapiNames } from './model-names.ts';
import { apisOf, facets, type KindFolder, kindFolders, readKinds } from './read-kinds.ts';
import { reachable, readModels } from './read-models.ts';
import { documentApis, readOperations } from './read-operations.ts';
import { Published } from './read-published.ts';
import { collectResources, type ResourceRow, servedOperations } from './resources.ts';
import { typeDeclarations } from './type-declarations.ts';

const root = join(import.meta.dirname, '../../..');
const packageFolder = join(root, 'node_modules/@kubernetes/client-node');
const output = join(root, 'generated');

await generate();

async function generate(): Promise<void> {
  const version: string = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')).version;
  const stamp = `${version} ${hashOfSources()}`;
  const stampFile = join(output, 'stamp');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;

  const started = performance.now();
  const kinds = await readKinds(root);
  const published = readOperations(join(packageFolder, 'dist/gen/apis'), [...apisOf(kinds), ...documentApis]);
  const all = readModels(join(packageFolder, 'dist/gen/models'));
  const resources = collectResources(
    published,
    all,
    kinds.map(({ kind }) => kind),
  );
  const operations = servedOperations(published, resources);
  const found = reachable(all, operations);
  const names = openapiNames(found, operations);

  mkdirSync(output, { recursive: true });
  const sources = publishedOf(kinds);
  const messageOf = (id: string) => {
    const place = placeOfModel(names.get(id) ?? '', sources);
    return place && sources.find(...place);
  };
  const models = new Map([...found].map(([id, model]) => [id, withEmptyStructs(model, messageOf(id), sources)]));
  const own = fieldsOf(kinds, models);
  const rows = Object.fromEntries(
    [...models].map(([id, model]): [string, ModelRow] => {
      const facts = modelFacts(id, model, messageOf(id), sources, own);
      return [id, { name: names.get(id) ?? '', fields: model.fields, required: model.required, ...facts }];
    }),
  );
  const named = resources.map((row) => ({
    ...row,
    ...declared(kinds, row),
    subresources: Object.fromEntries(
      Object.entries(row.subresources).map(([name, { verbs, model }]) => [
        name,
        { verbs, ...(model && { model: names.get(model) }) },
      ]),
    ),
  }));
  write('resources.json', JSON.stringify({ source: `@kubernetes/client-node ${version}`, resources: named }));
  write('models.ts', `export const modelsText = ${quoted(JSON.stringify(rows))};\n`);
  const texts = Object.fromEntries([...models].map(([id, { descriptions }]) => [id, descriptions]));
  write('descriptions.json', JSON.stringify(texts));
  write('kubernetes.ts', typeDeclarations(models, rows, version));
  const bodies = resources.flatMap(({ subresources }) =>
    Object.values(subresources).flatMap(({ model }) => {
      const place = model && placeOfModel(names.get(model) ?? '', sources);
      return place ? [place] : [];
    }),
  );
  write('message-rows.ts', messageRows(resources, bodies, sources));
  const folders = nameFolders(kinds, resources);
  write('type-map.ts', typeMap(folders, resources));
  const indexes = facets.flatMap((facet) => indexOf(facet, folders));
  for (const { file, text } of indexes) write(file, text);
  // Of a group that is gone.
  const written = new Set(indexes.map(({ file }) => file));
  for (const name of readdirSync(output))
    if (name.startsWith('strategies-') && !written.has(name)) rmSync(join(output, name), { force: true });
  write('stamp', stamp);
  const took = Math.round(performance.now() - started);
  process.stdout.write(`generated ${models.size} models and ${resources.length} resources in ${took} ms\n`);
}

function publishedOf(kinds: readonly KindFolder[]): Published {
  const own = new Map<string, string>();
  for (const { kind, published } of kinds) {
    if (published === '') continue;
    for (const version of kind.versions) {
      const home = homeOf(kind.group, version);
      own.set(home, `${own.get(home) ?? ''}\n${published}`);
    }
  }
  return new Published(join(root, 'core/api/published'), own);
}

function fieldsOf(kinds: readonly KindFolder[], models: ReadonlyMap<string, unknown>): Fields {
  const fields: Record<string, Fields[string]> = {};
  for (const kind of kinds)
    for (const [id, facts] of Object.entries(kind.fields)) {
      if (!models.has(id)) throw new Error(`${kind.folder}/fields.ts: nothing that is served has the model ${id}`);
      if (Object.hasOwn(fields, id)) throw new Error(`${kind.folder}/fields.ts: another kind has fields of ${id}`);
      setOwn(fields, id, facts);
    }
  return fields;
}

/** Where the message of a model stands, by its OpenAPI name. */
function placeOfModel(name: string, sources: Published): [home: string, name: string] | undefined {
  const parts = name.split('.');
  const message = parts.pop() ?? '';
  if (
    !/^io\.k8s\.(?:api|apimachinery\.pkg\.apis|apiextensions-apiserver\.pkg\.apis|kube-aggregator\.pkg\.apis)\./.test(
      name,
    )
  )
    return undefined;
  const home = parts.slice(-2).join('-');
  // The client package tells some types of `core` by the first group that uses them.
  return [sources.find(home, message) ? home : 'core-v1', message];
}

/** What a row has of its kind's declaration; its group, version and kind are there already. */
function declared(kinds: readonly KindFolder[], row: ResourceRow): object {
  const found = kinds.find(({ kind }) => kind.group === row.group && kind.kind === row.kind);
  const { versions: _versions, ...facts } = found?.kind ?? { versions: [] };
  return facts;
}

/** As a string of JavaScript. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** Renamed into place, so that a reader never sees half a file. */
function write(name: string, text: string): void {
  const temporary = join(output, `${name}.${process.pid}.new`);
  writeFileSync(temporary, text);
  renameSync(temporary, join(output, name));
}

/** Of the generator, of what kinds declare, and of which files they have. */
function hashOfSources(): string {
  const hash = createHash('sha256');
  const add = (folder: string, wanted: (file: string) => boolean) => {
    for (const file of readdirSync(folder).sort()) if (wanted(file)) hash.update(readFileSync(join(folder, file)));
  };
  add(join(root, 'core/api/published'), () => true);
  add(import.meta.dirname, (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  for (const folder of kindFolders(root)) {
    hash.update(`${folder} ${readdirSync(join(root, folder)).sort().join(' ')}\n`);
    add(join(root, folder), (file) => ['kind.ts', 'fields.ts', 'published.txt'].includes(file));
  }
  return hash.digest('hex').slice(0, 16);
}
