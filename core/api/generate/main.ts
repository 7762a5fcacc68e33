// `npm run generate`: reads the exact pin of @kubernetes/client-node and writes the ignored folder generated/ (D10):
// kubernetes.ts (types), resources.json, models.ts (as a text, read by who needs a schema), descriptions.json (texts, loaded only by who
// shows them).

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openapiNames } from './model-names.ts';
import { reachable, readModels } from './read-models.ts';
import { readOperations, servedApis } from './read-operations.ts';
import { collectResources } from './resources.ts';
import { typeDeclarations } from './type-declarations.ts';

const root = join(import.meta.dirname, '../../..');
const packageFolder = join(root, 'node_modules/@kubernetes/client-node');
const output = join(root, 'generated');

generate();

function generate(): void {
  const version: string = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')).version;
  const stamp = `${version} ${hashOfGenerator()}`;
  const stampFile = join(output, 'stamp');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;

  const started = performance.now();
  const operations = readOperations(join(packageFolder, 'dist/gen/apis'), servedApis);
  const all = readModels(join(packageFolder, 'dist/gen/models'));
  const models = reachable(all, operations);
  const names = openapiNames(models, operations);
  const resources = collectResources(operations, models);

  mkdirSync(output, { recursive: true });
  const rows = Object.fromEntries(
    [...models].map(([id, { fields, required }]) => [id, { name: names.get(id), fields, required }]),
  );
  const named = resources.map((row) => ({
    ...row,
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
  write('kubernetes.ts', typeDeclarations(models, version));
  write('stamp', stamp);
  const took = Math.round(performance.now() - started);
  process.stdout.write(`generated ${models.size} models and ${resources.length} resources in ${took} ms\n`);
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

function hashOfGenerator(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(import.meta.dirname).sort()) {
    if (file.endsWith('.ts') && !file.endsWith('.test.ts')) hash.update(readFileSync(join(import.meta.dirname, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
