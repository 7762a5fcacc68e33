// Paths of a definition: what may be asked where, with which parameters. One list, written in both versions of OpenAPI.

import type { ResourceDefinition, Subresource } from '../definition.ts';
import { answersWithDeleted } from '../deletion-answers.ts';
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
  /** The codes that it may succeed with. */
  readonly codes: readonly SuccessCode[];
}

export type SuccessCode = 200 | 201 | 202;

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
  query(
    'ignoreStoreReadErrorWithClusterBreakingPotential',
    'boolean',
    'Whether an object goes that cannot be read from the store any more, with nothing done that its deletion asks for.',
  ),
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

const create = {
  verb: 'create',
  method: 'post',
  action: 'post',
  body: 'own',
  answer: 'own',
  codes: [200, 201, 202],
  parameters: writing,
} as const;

/** Methods of the verbs that have a path of their own shape. */
const collection = [
  { verb: 'list', method: 'get', action: 'list', body: undefined, answer: 'list', codes: [200], parameters: listing },
  create,
  {
    verb: 'deletecollection',
    method: 'delete',
    action: 'deletecollection',
    body: 'deleteOptions',
    answer: 'status',
    codes: [200],
    parameters: [...deleting, ...listing.filter((each) => each !== pretty && each.name !== 'watch')],
  },
] as const;

const item = [
  { verb: 'get', method: 'get', action: 'get', body: undefined, answer: 'own', codes: [200], parameters: [pretty] },
  create,
  {
    verb: 'update',
    method: 'put',
    action: 'put',
    body: 'own',
    answer: 'own',
    codes: [200, 201],
    parameters: writing,
  },
  {
    verb: 'patch',
    method: 'patch',
    action: 'patch',
    body: 'patch',
    answer: 'own',
    codes: [200, 201],
    parameters: [...writing, force],
  },
  {
    verb: 'delete',
    method: 'delete',
    action: 'delete',
    body: 'deleteOptions',
    answer: 'status',
    codes: [200, 202],
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
  const make = (
    row: Row,
    at: string,
    inPath: readonly Parameter[],
    below?: Subresource,
    everywhere = false,
  ): Operation => {
    const connection = below && connections.get(below.name);
    const deletes = row.verb === 'delete' && !below && answersWithDeleted(definition.type);
    return {
      path: at,
      method: row.method,
      action: connection && below?.name !== 'log' ? 'connect' : row.action,
      id: operationId(row, definition, below, everywhere),
      description: `${row.verb} ${below ? `${below.name} of the specified` : ''} ${kind}`.replace('  ', ' '),
      kind: kindOf(definition, below),
      parameters: [...inPath, ...(connection ?? row.parameters)],
      body: connection ? undefined : row.body,
      answer: connection ? 'string' : deletes ? 'own' : row.answer,
      codes: connection ? [200] : row.codes,
    };
  };
  return [
    ...collection.filter((row) => verbs.includes(row.verb)).map((row) => make(row, path, scope)),
    ...(namespaced && verbs.includes('list') ? [make(collection[0], `${base}/${resource}`, [], undefined, true)] : []),
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

const streams = [
  query('container', 'string', 'Name of the container, where there are several.'),
  query('stderr', 'boolean', 'Whether its standard error comes back.'),
  query('stdin', 'boolean', 'Whether its standard input is sent.'),
  query('stdout', 'boolean', 'Whether its standard output comes back.'),
  query('tty', 'boolean', 'Whether it has a terminal.'),
];

/** Subresources that carry a stream or text instead of an object, with their parameters. */
const connections: ReadonlyMap<string, readonly Parameter[]> = new Map([
  ['attach', streams],
  ['exec', [query('command', 'string', 'The command and its arguments; not run within a shell.'), ...streams]],
  [
    'log',
    [
      query('container', 'string', 'Name of the container, where there are several.'),
      query('follow', 'boolean', 'Whether lines come as they are written.'),
      query('insecureSkipTLSVerifyBackend', 'boolean', 'Whether the certificate of the node is not looked at.'),
      query('limitBytes', 'integer', 'At most so many bytes.'),
      pretty,
      query('previous', 'boolean', 'Whether the log is that of the container before the last restart.'),
      query('sinceSeconds', 'integer', 'Only lines that are no older.'),
      query('stream', 'string', "Which stream's lines: 'All', 'Stdout' or 'Stderr'."),
      query('tailLines', 'integer', 'Only so many lines from the end.'),
      query('timestamps', 'boolean', 'Whether each line begins with its time.'),
    ],
  ],
  ['portforward', [query('ports', 'integer', 'The ports that are forwarded.')]],
  ['proxy', [query('path', 'string', 'The path that is asked for there.')]],
]);

function kindOf({ group, version, kind }: ResourceDefinition, below: Subresource | undefined): GroupVersionKind {
  if (!below) return { group, version, kind };
  return { group: below.group ?? group, version: below.version ?? version, kind: below.kind };
}

const idVerbs: Readonly<Record<string, string>> = {
  list: 'list',
  create: 'create',
  get: 'read',
  update: 'replace',
  patch: 'patch',
  delete: 'delete',
};

/** `createCoreV1NamespacedPod`, `deleteCoreV1CollectionNamespacedPod`, `connectCoreV1GetNamespacedPodExec`: generated clients name by them. */
function operationId(
  { verb, method }: Row,
  definition: ResourceDefinition,
  below: Subresource | undefined,
  everywhere: boolean,
): string {
  const { group, version, namespaced, kind } = definition;
  const words = (group.replace(/\.k8s\.io$/, '') || 'core').split(/[.-]/);
  const place = words.map(capital).join('') + capital(version);
  const what = `${namespaced && !everywhere ? 'Namespaced' : ''}${kind}${below ? capital(below.name) : ''}`;
  if (below && below.name !== 'log' && connections.has(below.name)) return `connect${place}${capital(method)}${what}`;
  if (verb === 'deletecollection') return `delete${place}Collection${what}`;
  return `${idVerbs[verb]}${place}${what}${everywhere ? 'ForAllNamespaces' : ''}`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
