// Paths of a definition: what may be asked where, with which parameters. One list, written in both versions of OpenAPI.

import type { ResourceDefinition, Subresource } from '../definition.ts';
import type { GroupVersionKind } from './components.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'boolean' | 'integer';
  readonly description: string;
}

export interface Operation {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Value of x-kubernetes-action. */
  readonly action: string;
  readonly id: string;
  readonly description: string;
  readonly kind: GroupVersionKind;
  readonly parameters: readonly Parameter[];
  readonly body: 'own' | 'patch' | 'deleteOptions' | undefined;
  readonly answer: 'own' | 'list' | 'status' | 'string';
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => {
  return { name, in: 'query', type, description };
};

const pretty = query('pretty', 'string', "If 'true', then the output is indented.");
const dryRun = query('dryRun', 'string', "'All' goes through every stage of the request, and keeps nothing.");
const fieldManager = query('fieldManager', 'string', 'Name of the actor that makes the change.');
const fieldValidation = query(
  'fieldValidation',
  'string',
  "What to do with unknown and duplicate fields: 'Ignore', 'Warn' (the default) or 'Strict'.",
);
const force = query('force', 'boolean', 'Whether an apply takes over fields that others manage.');

const writing = [dryRun, fieldManager, fieldValidation, pretty];

const deleting = [
  dryRun,
  query('gracePeriodSeconds', 'integer', 'Seconds before the object is deleted; 0 is at once.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query('propagationPolicy', 'string', "What becomes of dependents: 'Orphan', 'Background' or 'Foreground'."),
  pretty,
];

const listing = [
  query('allowWatchBookmarks', 'boolean', 'Whether a watch may carry bookmarks.'),
  query('continue', 'string', 'Token of the previous page of the same list.'),
  query('fieldSelector', 'string', 'Only objects whose fields match.'),
  query('labelSelector', 'string', 'Only objects whose labels match.'),
  query('limit', 'integer', 'At most so many objects in one answer.'),
  pretty,
  query('resourceVersion', 'string', 'The version of the data that will do.'),
  query('resourceVersionMatch', 'string', "How resourceVersion is meant: 'Exact' or 'NotOlderThan'."),
  query('sendInitialEvents', 'boolean', 'Whether a watch begins with the objects that are there.'),
  query('timeoutSeconds', 'integer', 'When to end the call.'),
  query('watch', 'boolean', 'Changes as they happen, instead of a list.'),
];

const ofNamespace: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  description: 'Namespace of the object.',
};

/** Methods of the verbs that have a path of their own shape. */
const collection = [
  { verb: 'list', method: 'get', action: 'list', body: undefined, answer: 'list', parameters: listing },
  { verb: 'create', method: 'post', action: 'post', body: 'own', answer: 'own', parameters: writing },
  {
    verb: 'deletecollection',
    method: 'delete',
    action: 'deletecollection',
    body: 'deleteOptions',
    answer: 'status',
    parameters: [...deleting, ...listing.filter((each) => each !== pretty && each.name !== 'watch')],
  },
] as const;

const item = [
  { verb: 'get', method: 'get', action: 'get', body: undefined, answer: 'own', parameters: [pretty] },
  { verb: 'create', method: 'post', action: 'post', body: 'own', answer: 'own', parameters: writing },
  { verb: 'update', method: 'put', action: 'put', body: 'own', answer: 'own', parameters: writing },
  { verb: 'patch', method: 'patch', action: 'patch', body: 'patch', answer: 'own', parameters: [...writing, force] },
  {
    verb: 'delete',
    method: 'delete',
    action: 'delete',
    body: 'deleteOptions',
    answer: 'status',
    parameters: deleting,
  },
] as const;

type Row = (typeof collection)[number] | (typeof item)[number];

export function operationsOf(definition: ResourceDefinition): readonly Operation[] {
  const { group, version, resource, namespaced, subresources, kind } = definition;
  const base = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const path = namespaced ? `${base}/namespaces/{namespace}/${resource}` : `${base}/${resource}`;
  const scope = namespaced ? [ofNamespace] : [];
  const named: Parameter = { name: 'name', in: 'path', type: 'string', description: `Name of the ${kind}.` };
  // The definition's verbs are a subset of the rows'.
  const verbs: readonly string[] = definition.verbs;
  const make = (row: Row, at: string, inPath: readonly Parameter[], below?: Subresource, suffix = ''): Operation => ({
    path: at,
    method: row.method,
    action: below && isConnection(below) ? 'connect' : row.action,
    id: operationId(row, definition, below) + suffix,
    description: `${row.verb} ${below ? `${below.name} of the specified` : ''} ${kind}`.replace('  ', ' '),
    kind: kindOf(definition, below),
    parameters: [...inPath, ...row.parameters],
    body: below && isConnection(below) ? undefined : row.body,
    answer: below && isConnection(below) ? 'string' : row.answer,
  });
  return [
    ...collection.filter((row) => verbs.includes(row.verb)).map((row) => make(row, path, scope)),
    ...(namespaced && verbs.includes('list')
      ? [make(collection[0], `${base}/${resource}`, [], undefined, 'ForAllNamespaces')]
      : []),
    ...item
      .filter((row) => row.verb !== 'create' && verbs.includes(row.verb))
      .map((row) => make(row, `${path}/{name}`, [named, ...scope])),
    ...subresources.flatMap((below) =>
      item
        .filter((row) => below.verbs.includes(row.verb))
        .map((row) => make(row, `${path}/{name}/${below.name}`, [named, ...scope], below)),
    ),
  ];
}

const connections = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);

/** Subresources that carry a stream or text instead of an object. */
function isConnection({ name }: Subresource): boolean {
  return connections.has(name);
}

function kindOf({ group, version, kind }: ResourceDefinition, below: Subresource | undefined): GroupVersionKind {
  if (!below) return { group, version, kind };
  return { group: below.group ?? group, version: below.version ?? version, kind: below.kind };
}

const idVerbs: Readonly<Record<string, string>> = {
  list: 'list',
  create: 'create',
  deletecollection: 'deleteCollection',
  get: 'read',
  update: 'replace',
  patch: 'patch',
  delete: 'delete',
};

/** `createCoreV1NamespacedPod`, as generated clients name their methods. */
function operationId({ verb, method }: Row, definition: ResourceDefinition, below: Subresource | undefined): string {
  const { group, version, namespaced, kind } = definition;
  const words = (group.replace(/\.k8s\.io$/, '') || 'core').split(/[.-]/);
  const prefix = words.map(capital).join('') + capital(version);
  const head = below && isConnection(below) && below.name !== 'log' ? `connect${capital(method)}` : idVerbs[verb];
  return `${head}${prefix}${namespaced ? 'Namespaced' : ''}${kind}${below ? capital(below.name) : ''}`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
