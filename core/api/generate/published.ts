// Writes core/api/published/: what Kubernetes' Go types and their protobuf files say of each field. `npm run generate:published -- FOLDER`,
// where FOLDER holds k8s.io/api, k8s.io/apimachinery and k8s.io/apiextensions-apiserver (Debian's golang-k8s-*-dev, unpacked beside the
// project: usr/share/gocode/src). Needed only for another version of Kubernetes: the result is checked in. Notation: core/api/published/README.md.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GoField, GoTypes } from './go-types.ts';
import { apiOf } from './read-kinds.ts';

const [source, version] = process.argv.slice(2);
if (source === undefined || version === undefined)
  throw new Error('name the folder that holds k8s.io, and the version of k8s.io/api');

const meta = 'k8s.io/apimachinery/pkg/apis/meta/v1';
const core = 'k8s.io/api/core/v1';
const extensions = 'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1';
const go = new GoTypes(source);

/** Messages of protobuf that the project has a type of its own for. */
const plain: ReadonlyMap<string, string> = new Map([
  ['int32', 'int'],
  ['int64', 'int'],
  ['k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1', 'json'],
  ['k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime', 'microtime'],
  ['k8s.io.apimachinery.pkg.apis.meta.v1.Time', 'time'],
  ['k8s.io.apimachinery.pkg.apis.meta.v1.Verbs', 'strings'],
  ['k8s.io.apimachinery.pkg.api.resource.Quantity', 'quantity'],
  ['k8s.io.apimachinery.pkg.runtime.RawExtension', 'json'],
  ['k8s.io.apimachinery.pkg.util.intstr.IntOrString', 'intstr'],
  ['ExtraValue', 'strings'],
  ['JSON', 'json'],
  ['JSONSchemaPropsOrArray', 'schemaOrArray'],
  ['JSONSchemaPropsOrBool', 'schemaOrBool'],
  ['JSONSchemaPropsOrStringArray', 'schemaOrStrings'],
  ['MicroTime', 'microtime'],
  ['Time', 'time'],
  ['FieldsV1', 'json'],
  ['Verbs', 'strings'],
]);

/** Messages whose Go types write themselves, and that no field of ours has. */
const unused = new Set(['Duration', 'Timestamp']);

const apis = join(import.meta.dirname, '../../../node_modules/@kubernetes/client-node/dist/gen/apis');
const output = join(import.meta.dirname, '../published');
for (const file of readdirSync(output)) if (file.endsWith('.txt')) rmSync(join(output, file));
write('meta-v1', meta);
write('apiextensions-v1', extensions);
for (const group of folders('k8s.io/api'))
  for (const each of folders(`k8s.io/api/${group}`))
    if (/^v\d/.test(each) && isInPackage(`k8s.io/api/${group}/${each}`, each))
      write(`${group}-${each}`, `k8s.io/api/${group}/${each}`);

/** Whether the client package has the group version: no other can be served. */
function isInPackage(folder: string, groupVersion: string): boolean {
  if (!existsSync(join(source!, folder, 'register.go'))) return false;
  const group = /GroupName = "([^"]*)"/.exec(readFileSync(join(source!, folder, 'register.go'), 'utf8'))?.[1] ?? '';
  return existsSync(join(apis, `${apiOf(group, groupVersion)}Api.js`));
}

function folders(of: string): string[] {
  return readdirSync(join(source!, of), { withFileTypes: true }).flatMap((each) =>
    each.isDirectory() ? [each.name] : [],
  );
}

function write(name: string, folder: string): void {
  const file = join(source!, folder, 'generated.proto');
  if (!existsSync(file)) return;
  const rows = [...readFileSync(file, 'utf8').matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)].flatMap(
    ([, message = '', body = '']) => {
      // A list of a kind says nothing of its own; what marshals itself has a type of the project's.
      if (isListOfKind(message, body) || plain.has(message) || unused.has(message) || !go.has(folder, message))
        return [];
      return [rowOf(folder, message, body)];
    },
  );
  if (rows.length === 0) return;
  writeFileSync(join(output, `${name}.txt`), `# ${folder} ${version}\n${rows.sort().join('\n')}\n`);
}

function isListOfKind(message: string, body: string): boolean {
  return message.endsWith('List') && message !== 'List' && /\bListMeta metadata = 1;/.test(body);
}

function rowOf(folder: string, message: string, body: string): string {
  const struct = go.struct(folder, message);
  const fields = [...body.matchAll(/^ {2}(optional|repeated|map<string, )?\s?([\w.>]+) (\S+) = (\d+);/gm)].map(
    ([, label = '', type = '', name = '', number = '']) => {
      const field = struct.fields.find((each) => protoName(each) === name);
      if (!field) throw new Error(`${folder}: ${message} has no field ${name}`);
      return { number: Number(number), text: fieldText(field, label, type.replace(/>$/, ''), Number(number), folder) };
    },
  );
  const texts = fields.sort((a, b) => a.number - b.number).map(({ text }) => text);
  return [message + (struct.markers.get('structType')?.includes('atomic') ? '|atomic' : ''), ...texts].join(' ');
}

function fieldText(field: GoField, label: string, protoType: string, number: number, folder: string): string {
  const { embedded, options, markers, tags } = field;
  const cardinality = label === 'repeated' ? '[]' : label.startsWith('map') ? '{}' : '';
  const always = !embedded && !options.includes('omitempty') && !options.includes('omitzero') ? '!' : '';
  const notes = [
    ...(options.includes('omitzero') ? ['omitzero'] : []),
    ...(markers.get('default')?.includes('""') && !field.type.startsWith('*') ? ['empty'] : []),
    ...listNotes(markers),
    ...(tags.get('patchStrategy')
      ? [`patch=${tags.get('patchStrategy')}${tags.get('patchMergeKey') ? `:${tags.get('patchMergeKey')}` : ''}`]
      : []),
    ...['mapType', 'structType'].flatMap((name) =>
      (markers.get(name) ?? []).filter((each) => each === 'atomic' || each === 'granular'),
    ),
  ];
  const pointer = field.type.startsWith('*') ? '*' : '';
  return `${embedded ? '' : field.name}${always}=${number}:${pointer}${cardinality}${typeOf(protoType, folder)}${notes.map((each) => `|${each}`).join('')}`;
}

function listNotes(markers: ReadonlyMap<string, readonly string[]>): string[] {
  const [type] = markers.get('listType') ?? [];
  if (type === 'set') return ['set'];
  return type === 'map' ? [`keys=${(markers.get('listMapKey') ?? []).join(',')}`] : [];
}

function typeOf(protoType: string, folder: string): string {
  const name = protoType.replace(/^\./, '');
  const known = plain.get(name);
  if (known) return known;
  const [last = ''] = name.split('.').slice(-1);
  const place = name.split('.').slice(0, -1).join('/').replace('k8s/io', 'k8s.io');
  if (place === '' || place === folder) return last;
  if (place === meta) return `meta.${last}`;
  if (place === core) return `core.${last}`;
  const [group, groupVersion] = place.split('/').slice(-2);
  return `${group}-${groupVersion}.${last}`;
}

function protoName({ tags, embedded, goName, name }: GoField): string {
  const tagged = /(?:^|,)name=(\w+)/.exec(tags.get('protobuf') ?? '')?.[1];
  return tagged ?? (embedded ? goName.charAt(0).toLowerCase() + goName.slice(1) : name);
}
