// Writes core/api/tables/go-fields.ts: how Go's JSON writes the fields of Kubernetes' types. `npm run generate:go-fields -- FOLDER`, where
// FOLDER holds k8s.io/api, k8s.io/apimachinery and k8s.io/apiextensions-apiserver (Debian's golang-k8s-*-dev, unpacked beside the project).
// Needed only when the version of @kubernetes/client-node changes: the table is checked in.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelRows } from '../models.ts';

/** `omitted`: left out while empty. `zero`, `struct`, `nil`: always written, as a zero scalar, an object, null. */
type Group = 'omitted' | 'zero' | 'struct' | 'nil';
/** What Go's encoder distinguishes. `time` is a struct that is null while it is zero, `any` raw JSON that is. */
type Kind = 'scalar' | 'container' | 'pointer' | 'struct' | 'time' | 'any' | 'other';

interface Field {
  /** Empty for an embedded type. */
  readonly name: string;
  readonly type: string;
  readonly options: readonly string[];
  readonly folder: string;
}

/** A struct with its fields, or another name for a type. */
type GoType = readonly Field[] | string;

const [root] = process.argv.slice(2);
if (root === undefined) throw new Error('name the folder that holds k8s.io/api');

const meta = 'k8s.io/apimachinery/pkg/apis/meta/v1';
const core = 'k8s.io/api/core/v1';
const extensions = 'k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1';
const imports: ReadonlyMap<string, string> = new Map([
  ['metav1', meta],
  ['v1', core],
  ['corev1', core],
]);

/** Types that marshal themselves, or whose packages need no look. */
const known: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...['string', 'bool', 'int', 'int16', 'int32', 'int64', 'uint16', 'float64', 'types.UID', 'types.NodeName'].map(
    (type) => [type, 'scalar'] as const,
  ),
  ['resource.Quantity', 'other'],
  ['intstr.IntOrString', 'other'],
  ['runtime.RawExtension', 'any'],
  ['JSON', 'any'],
  ...['Time', 'MicroTime', 'metav1.Time', 'metav1.MicroTime'].map((type) => [type, 'time'] as const),
]);

/** Lists, maps and pointers that may be nil in a valid object; of all others without `omitempty` validation says that they are there. */
const mayBeNil = new Set([
  'V1AllocatedDeviceStatus.conditions',
  'V1CSINodeSpec.drivers',
  'V1ClusterRole.rules',
  'V1CustomResourceDefinitionStatus.conditions',
  'V1CustomResourceDefinitionStatus.storedVersions',
  'V1DeviceClaim.requests',
  'V1EndpointSlice.endpoints',
  'V1EndpointSlice.ports',
  'V1LimitRangeSpec.limits',
  'V1ProjectedVolumeSource.sources',
  'V1Role.rules',
  'V1TypedLocalObjectReference.apiGroup',
  'V1TypedObjectReference.apiGroup',
  'V2HorizontalPodAutoscalerStatus.currentMetrics',
]);

/** Of k8s.io/kube-aggregator, which no package of Debian has. */
const aggregator = [
  'ApiregistrationV1ServiceReference omitted=namespace,name',
  'V1APIService struct=metadata,spec,status',
  'V1APIServiceCondition omitted=reason,message zero=type,status nil=lastTransitionTime',
  'V1APIServiceSpec omitted=group,version,insecureSkipTLSVerify,caBundle zero=groupPriorityMinimum,versionPriority',
  'V1APIServiceStatus omitted=conditions',
];

const folders = new Map<string, Map<string, GoType>>();

function typesOf(folder: string): Map<string, GoType> {
  const before = folders.get(folder);
  if (before) return before;
  const types = new Map<string, GoType>();
  folders.set(folder, types);
  for (const file of readdirSync(join(root!, folder))) {
    if (/(?:types|types_\w+|jsonschema|meta|time)\.go$/.test(file) && !/_test\.go$|generated/.test(file))
      readTypes(readFileSync(join(root!, folder, file), 'utf8'), folder, types);
  }
  return types;
}

function readTypes(source: string, folder: string, types: Map<string, GoType>): void {
  for (const [, name = '', body = ''] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    const fields = body.split('\n').flatMap((line): Field[] => {
      const [, type = '', json = '-'] = /^\t(?:\w+\s+)?([*\w.[\]]+)\s+`[^`]*json:"([^"]*)"[^`]*`/.exec(line) ?? [];
      const [field = '', ...options] = json.split(',');
      if (json === '-' || type.endsWith('TypeMeta')) return [];
      return [{ name: options.includes('inline') ? '' : field, type, options, folder }];
    });
    types.set(name, fields);
  }
  for (const [, name = '', other = ''] of source.matchAll(/^(?:type |\t)(\w+) ([*\w.[\]]+)$/gm))
    if (!types.has(name)) types.set(name, other);
}

function fieldsOf(folder: string, name: string): Field[] {
  const found = typesOf(folder).get(name);
  if (found === undefined || typeof found === 'string') throw new Error(`${folder} has no struct ${name}`);
  return found.flatMap((each) => (each.name === '' ? fieldsOf(...placeOf(each.type, each.folder)) : [each]));
}

function placeOf(type: string, folder: string): [folder: string, name: string] {
  const [first = '', second] = type.split('.');
  if (second === undefined) return [folder, first];
  const other = imports.get(first);
  if (other === undefined) throw new Error(`${folder}: which package is ${type} of?`);
  return [other, second];
}

function kindOf(type: string, folder: string): Kind {
  if (type.startsWith('*')) return 'pointer';
  if (/^(?:\[\]|map\[)/.test(type)) return 'container';
  const simple = known.get(type);
  if (simple) return simple;
  const [where, name] = placeOf(type, folder);
  const found = typesOf(where).get(name);
  if (found === undefined) throw new Error(`${where} has no type ${name}`);
  return typeof found === 'string' ? kindOf(found, where) : 'struct';
}

function groupOf(id: string, { name, type, options, folder }: Field): Group | undefined {
  const kind = kindOf(type, folder);
  const omitsEmpty = options.includes('omitempty');
  if (options.includes('omitzero') && kind !== 'pointer') return undefined;
  switch (kind) {
    case 'scalar':
      return omitsEmpty ? 'omitted' : 'zero';
    case 'struct':
      return 'struct';
    case 'time':
      return 'nil';
    case 'container':
      if (omitsEmpty) return 'omitted';
      return mayBeNil.has(`${id}.${name}`) ? 'nil' : undefined;
    case 'pointer':
      return !omitsEmpty && mayBeNil.has(`${id}.${name}`) ? 'nil' : undefined;
    default:
      return undefined;
  }
}

/** Where a model's type is declared; undefined for what is in no package here. */
function declarationOf(model: string): [folder: string, name: string] | undefined {
  const parts = model.split('.');
  const name = parts.pop() ?? '';
  if (model.startsWith('io.k8s.apimachinery.pkg.apis.meta.v1.')) return [meta, name];
  if (model.startsWith('io.k8s.apiextensions-apiserver.')) return [extensions, name];
  if (!model.startsWith('io.k8s.api.')) return undefined;
  const folder = `k8s.io/api/${parts.slice(-2).join('/')}`;
  // The client package tells some types of `core` by the first group that uses them.
  return [typesOf(folder).has(name) ? folder : core, name];
}

const lines = Object.entries(modelRows()).flatMap(([id, row]) => {
  const place = declarationOf(row.name);
  if (!place || /(?:List|WatchEvent|API(?:Group|Resource|Versions)\w*)$/.test(id)) return [];
  const groups = new Map<Group, string[]>();
  for (const field of fieldsOf(...place)) {
    const group = groupOf(id, field);
    if (group && Object.hasOwn(row.fields, field.name)) groups.set(group, [...(groups.get(group) ?? []), field.name]);
  }
  const texts = [...groups].map(([group, names]) => `${group}=${names.join(',')}`);
  return texts.length > 0 ? [`${id} ${texts.join(' ')}`] : [];
});

writeFileSync(
  join(import.meta.dirname, '../tables/go-fields.ts'),
  `// How Go's JSON writes the fields of Kubernetes' types, one model a line. \`omitted\`: left out while empty ('', 0, false, [], {}). \`zero\`, \`struct\`,
// \`nil\`: always written, as a zero scalar, as an object, as null. All others are pointers, which are left out when they are nil.
// Written by core/api/generate/go-fields.ts from the declarations of k8s.io/api 0.36.4, k8s.io/apimachinery and k8s.io/apiextensions-apiserver.

export const goFieldRows = \`
${[...lines, ...aggregator].sort().join('\n')}
\`;
`,
);
