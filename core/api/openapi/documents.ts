// The two forms of an OpenAPI document: version 3 of one group version, version 2 of everything.

import { getOwn } from '../../machinery/own.ts';
import type { Steps } from '../../machinery/steps.ts';
import type { ResourceDefinition } from '../definition.ts';
import {
  type ComponentOptions,
  type Components,
  componentName,
  componentsOf,
  type GroupVersionKind,
  hasModel,
  patchName,
} from './components.ts';
import { inOneBuffer, objectText, pace } from './document-text.ts';
import { bytesOf, type Entry, type KeptTexts, type Texts } from './kept-texts.ts';
import { type Operation, operationsOf, type Parameter } from './operations.ts';

type Fragment = Record<string, unknown>;

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const patchTypes = [
  'application/apply-patch+cbor',
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];
/** kubectl reads here which kind of patch to send: custom resources have no merge keys, so none by strategy. */
export const customPatchTypes = patchTypes.filter((each) => !each.includes('strategic'));
const patchTypesOf = ({ customResource }: ResourceDefinition) => (customResource ? customPatchTypes : patchTypes);
const produced = ['application/json', 'application/yaml'];

/** What a document says, by path and by schema, in order. */
export interface Parts {
  readonly paths: readonly Entry[];
  readonly schemas: readonly Entry[];
}

export interface PartsOptions extends ComponentOptions {
  readonly kept: KeptTexts;
}

/** The parts of a document of these definitions, with every model that they need. */
export function* partsOf(served: readonly ResourceDefinition[], options: PartsOptions): Steps<Parts> {
  const { version, kept } = options;
  const kinds = kindsOf(served);
  const paths = new Map<string, string>();
  const schemas = new Map<string, string>();
  const wanted = new Set<string>();
  const isTurn = pace();
  const take = (texts: Texts) => {
    // A built-in wins over a custom resource that claims its name: it is the first.
    for (const [path, json] of texts.paths) if (!paths.has(path)) paths.set(path, json);
    for (const [name, json] of texts.schemas) if (!schemas.has(name)) schemas.set(name, json);
    for (const name of texts.refers) wanted.add(name);
    return isTurn(bytesOf(texts));
  };
  for (const each of served) {
    if (take(kept.of(keyOfTexts(version, each), each, () => textsOf(each, options)))) yield;
  }
  // The set is walked to what is added meanwhile: models refer to models.
  for (const name of wanted) {
    if (schemas.has(name)) continue;
    const of = kinds.get(name);
    const source = JSON.stringify(of);
    if (take(kept.of(`${version} ${name}`, source, () => textsOfModel(name, of, options)))) yield;
  }
  return { paths: inOrder(paths), schemas: inOrder(schemas) };
}

/** Under which the texts of a definition are kept. */
export function keyOfTexts(
  version: ComponentOptions['version'],
  { group, version: served, resource }: ResourceDefinition,
): string {
  return `${version} ${group}/${served}/${resource}`;
}

function inOrder(texts: ReadonlyMap<string, string>): Entry[] {
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function writeV3({ paths, schemas }: Parts, version: string): Steps<Uint8Array> {
  return inOneBuffer(
    (function* () {
      yield `{"openapi":"3.0.0","info":${JSON.stringify({ title: 'Kubernetes', version })},"paths":`;
      yield* objectText(paths);
      yield ',"components":{"schemas":';
      yield* objectText(schemas);
      yield `,"securitySchemes":${JSON.stringify(bearer)}}}`;
    })(),
  );
}

export function writeV2({ paths, schemas }: Parts, version: string): Steps<Uint8Array> {
  return inOneBuffer(
    (function* () {
      yield `{"swagger":"2.0","info":${JSON.stringify({ title: 'Kubernetes', version })},"paths":`;
      yield* objectText(paths);
      yield ',"definitions":';
      yield* objectText(schemas);
      yield `,"securityDefinitions":${JSON.stringify(bearer)},"security":[{"BearerToken":[]}]}`;
    })(),
  );
}

const bearer = {
  BearerToken: { type: 'apiKey', description: 'A bearer token.', name: 'authorization', in: 'header' },
};

function textsOf(definition: ResourceDefinition, options: ComponentOptions): Texts {
  const components = componentsOf(options);
  const write = options.version === 3 ? operationInV3 : operationInV2;
  const paths = new Map<string, Fragment>();
  for (const operation of operationsOf(definition)) {
    const written = { ...common(operation, definition), ...write(operation, definition, components) };
    paths.set(operation.path, { ...paths.get(operation.path), [operation.method]: written });
  }
  return texts(paths, customSchemas(components, definition), components);
}

function textsOfModel(name: string, kinds: readonly GroupVersionKind[] | undefined, options: ComponentOptions): Texts {
  const components = componentsOf(options);
  return texts([], [[name, components.model(name, kinds)]], components);
}

type Written = Iterable<readonly [name: string, value: Fragment]>;

function texts(paths: Written, schemas: Written, components: Components): Texts {
  const written = (values: Written) => [...values].map(([name, value]): Entry => [name, JSON.stringify(value)]);
  return { paths: written(paths), schemas: written(schemas), refers: components.referred() };
}

function operationInV3(operation: Operation, definition: ResourceDefinition, components: Components): Fragment {
  const content = (types: readonly string[], model: string) =>
    Object.fromEntries(types.map((type) => [type, { schema: components.refer(model) }]));
  const answer = answerModel(operation, definition);
  const body = requestModel(operation, definition);
  return {
    parameters: operation.parameters.map(({ name, in: where, type, description }: Parameter) => {
      return { name, in: where, description, ...(where === 'path' && { required: true }), schema: { type } };
    }),
    ...(body && {
      requestBody: {
        content: content(operation.body === 'patch' ? patchTypesOf(definition) : ['*/*'], body),
        ...(operation.body !== 'deleteOptions' && { required: true }),
      },
    }),
    responses: responses(operation, {
      content: answer ? content(produced, answer) : { '*/*': { schema: { type: 'string' } } },
    }),
  };
}

function operationInV2(operation: Operation, definition: ResourceDefinition, components: Components): Fragment {
  const answer = answerModel(operation, definition);
  const body = requestModel(operation, definition);
  return {
    consumes: operation.body === 'patch' ? patchTypesOf(definition) : ['*/*'],
    produces: produced,
    schemes: ['https'],
    parameters: [
      ...(body
        ? [{ name: 'body', in: 'body', required: operation.body !== 'deleteOptions', schema: components.refer(body) }]
        : []),
      ...operation.parameters.map(({ name, in: where, type, description }: Parameter) => {
        return { name, in: where, description, type, uniqueItems: true, ...(where === 'path' && { required: true }) };
      }),
    ],
    responses: responses(operation, { schema: answer ? components.refer(answer) : { type: 'string' } }),
  };
}

const descriptions = { 200: 'OK', 201: 'Created', 202: 'Accepted' } as const;

function responses({ codes }: Operation, body: Fragment): Fragment {
  return {
    ...Object.fromEntries(codes.map((code) => [code, { description: descriptions[code], ...body }])),
    401: { description: 'Unauthorized' },
  };
}

/** The kinds that each model stands for. */
function kindsOf(served: readonly ResourceDefinition[]): ReadonlyMap<string, readonly GroupVersionKind[]> {
  const kinds = new Map<string, GroupVersionKind[]>();
  const add = (name: string, { group, version, kind }: GroupVersionKind) => {
    const known = kinds.get(name) ?? [];
    const same = known.some((each) => each.group === group && each.version === version && each.kind === kind);
    if (!same) kinds.set(name, [...known, { group, version, kind }]);
  };
  for (const definition of served) {
    const { group, version, listKind, schema } = definition;
    const name = componentName(schema, definition);
    add(name, definition);
    add(`${name}List`, { group, version, kind: listKind });
    for (const kind of ['DeleteOptions', 'WatchEvent']) add(`${meta}.${kind}`, { group, version, kind });
    for (const below of definition.subresources) {
      const other = { group: below.group ?? group, version: below.version ?? version, kind: below.kind };
      const model = bodyModel(definition, other);
      if (model) add(model, other);
    }
  }
  add(`${meta}.Status`, { group: '', version: 'v1', kind: 'Status' });
  return kinds;
}

const packages: Readonly<Record<string, string>> = {
  '/v1': 'io.k8s.api.core.v1',
  'autoscaling/v1': 'io.k8s.api.autoscaling.v1',
  'policy/v1': 'io.k8s.api.policy.v1',
  'authentication.k8s.io/v1': 'io.k8s.api.authentication.v1',
};

/** The model of a body: the definition's own, or that of the other kind a subresource speaks in. */
function bodyModel(definition: ResourceDefinition, kind: GroupVersionKind): string | undefined {
  if (kind.kind === definition.kind && kind.group === definition.group)
    return componentName(definition.schema, definition);
  const name = `${getOwn(packages, `${kind.group}/${kind.version}`)}.${kind.kind}`;
  return hasModel(name) ? name : undefined;
}

/** Of a custom resource: itself and its list. Built-in ones are models. */
function customSchemas(
  components: Components,
  { group, version, kind, listKind, schema }: ResourceDefinition,
): [string, Fragment][] {
  if (schema.model !== undefined) return [];
  const name = componentName(schema, { group, version, kind });
  const own = { ...components.custom(schema), 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
  const list = {
    description: `${listKind} is a list of ${kind}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: components.refer(`${meta}.ListMeta`),
      items: { type: 'array', items: components.refer(name) },
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
  };
  return [
    [name, own],
    [`${name}List`, list],
  ];
}

function answerModel(operation: Operation, definition: ResourceDefinition): string | undefined {
  switch (operation.answer) {
    case 'status':
      return `${meta}.Status`;
    case 'string':
      return undefined;
    case 'list':
      return `${componentName(definition.schema, definition)}List`;
    case 'own':
      return bodyModel(definition, operation.kind);
  }
}

function requestModel(operation: Operation, definition: ResourceDefinition): string | undefined {
  switch (operation.body) {
    case 'own':
      return bodyModel(definition, operation.kind);
    case 'patch':
      return patchName;
    case 'deleteOptions':
      return `${meta}.DeleteOptions`;
    case undefined:
      return undefined;
  }
}

function common(operation: Operation, { group, version }: ResourceDefinition): Fragment {
  const tag = `${(group || 'core').replace(/\.k8s\.io$/, '').replaceAll('.', '_')}_${version}`;
  return {
    tags: [tag],
    description: operation.description,
    operationId: operation.id,
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.kind,
  };
}
