// OpenAPI v2 and v3 of everything served. Documents are made when they are asked for and not kept: clients cache them by
// their hash, and together they are larger than all the rest of the control plane's memory.

import { createHash } from 'node:crypto';
import type { Definitions, ResourceDefinition } from '../definition.ts';
import { fingerprintOfModels } from '../models.ts';
import {
  type ComponentOptions,
  type Components,
  componentName,
  componentsOf,
  type GroupVersionKind,
  hasModel,
} from './components.ts';
import { type Operation, operationsOf, type Parameter } from './operations.ts';
import { encodeSwagger, type SwaggerDocument } from './swagger-protobuf.ts';

/** What clients ask for with `@v1.0` is answered with `.v1.0`: the first is not a media type that Go can parse. */
export const swaggerProtobuf = {
  accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
} as const;

export interface OpenApi {
  /** /openapi/v3: where the documents are, each with its hash; `others` are those of other servers, by path. JSON. */
  index(others?: Readonly<Record<string, string>>): string;
  /** The hash of one group version's document, for ETag and 304, without making it. undefined when it is not served. */
  hash(group: string, version: string): string | undefined;
  /** /openapi/v3/api/v1 and /openapi/v3/apis/GROUP/VERSION. JSON. */
  v3(group: string, version: string): Promise<string | undefined>;
  /** The hash of the v2 document. */
  hashOfV2(): string;
  /** /openapi/v2, with the documents of other servers. JSON. */
  v2(others?: readonly unknown[]): Promise<string>;
  /** /openapi/v2 in the form of `swaggerProtobuf`: the only one that kubectl up to 1.26 reads. */
  v2Protobuf(others?: readonly unknown[]): Promise<Uint8Array>;
}

export interface OpenApiOptions {
  /** Version of the server, such as `v1.36.0`. */
  readonly version: string;
}

type Fragment = Record<string, unknown>;

export function openApiOf(definitions: Definitions, { version }: OpenApiOptions): OpenApi {
  let generation = -1;
  let groups = new Map<string, readonly ResourceDefinition[]>();
  const hashes = new Map<string, string>();
  const current = () => {
    if (generation !== definitions.generation) {
      generation = definitions.generation;
      groups = Map.groupBy(definitions.all(), (each) => keyOf(each.group, each.version));
      hashes.clear();
    }
    return groups;
  };
  const hash = (key: string): string | undefined => {
    const served = current().get(key);
    if (!served) return undefined;
    const known = hashes.get(key) ?? hashOf(version, served);
    hashes.set(key, known);
    return known;
  };
  const swagger = async (others: readonly unknown[] = []) => {
    const own = toV2(definitions.all(), version, (await loadDescriptions()) ?? {});
    return others.length === 0 ? own : (await import('./merge-swagger.ts')).mergeSwagger(own, others);
  };
  return {
    index: (others = {}) => {
      const entries: [string, { serverRelativeURL: string }][] = [...current().keys()].sort().map((key) => {
        return [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${hash(key)}` }];
      });
      for (const [key, serverRelativeURL] of Object.entries(others)) entries.push([key, { serverRelativeURL }]);
      return JSON.stringify({ paths: Object.fromEntries(entries) });
    },
    hash: (group, name) => hash(keyOf(group, name)),
    v3: async (group, name) => {
      const served = current().get(keyOf(group, name));
      return served && JSON.stringify(toV3(served, version, await loadDescriptions()));
    },
    hashOfV2: () => digest([...current().keys()].sort().map(hash).join()),
    v2: async (others) => JSON.stringify(await swagger(others)),
    v2Protobuf: async (others) => {
      const merged = await swagger(others);
      try {
        return encodeSwagger(merged);
      } catch (error) {
        // What another server wrote must not cost clients our own document.
        if (!others?.length) throw error;
        return encodeSwagger(await swagger());
      }
    },
  };
}

function keyOf(group: string, version: string): string {
  return group ? `apis/${group}/${version}` : `api/${version}`;
}

/** Loaded when the first document is asked for: most processes never need the texts. */
async function loadDescriptions(): Promise<ComponentOptions['descriptions']> {
  const module = await import('../../../generated/descriptions.json', { with: { type: 'json' } });
  // The compiler infers a type of its own for each of hundreds of rows; the generator writes them all in one shape.
  return module.default as unknown as ComponentOptions['descriptions'];
}

/** Built-in schemas change with the version and our tables alone. A custom resource's may change at any time. */
function hashOf(version: string, served: readonly ResourceDefinition[]): string {
  const parts = served.map(({ resource, kind, verbs, schema, subresources, customResource }) => {
    return [resource, kind, verbs, subresources, customResource ? [schema, customPatchTypes] : schema.model];
  });
  return digest(JSON.stringify([version, fingerprint, parts]));
}

const fingerprint = fingerprintOfModels();

function digest(text: string): string {
  return createHash('sha512').update(text).digest('hex').toUpperCase();
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const patchName = `${meta}.Patch`;
const patchTypes = [
  'application/apply-patch+cbor',
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];
/** kubectl reads here which kind of patch to send: custom resources have no merge keys, so none by strategy. */
const customPatchTypes = patchTypes.filter((each) => !each.includes('strategic'));
const patchTypesOf = ({ customResource }: ResourceDefinition) => (customResource ? customPatchTypes : patchTypes);
const produced = ['application/json', 'application/yaml'];

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
  const name = `${packages[`${kind.group}/${kind.version}`]}.${kind.kind}`;
  return hasModel(name) ? name : undefined;
}

function addCustom(components: Components, definition: ResourceDefinition): void {
  const { group, version, kind, listKind, schema } = definition;
  if (schema.model !== undefined) return;
  const name = componentName(schema, definition);
  components.add(name, {
    ...components.inline(schema),
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  });
  components.add(`${name}List`, {
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
  });
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

const patchSchema = { description: 'A patch in one of the forms that the media type names.', type: 'object' };

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

function assemble(
  served: readonly ResourceDefinition[],
  write: (operation: Operation, definition: ResourceDefinition) => Fragment,
): Record<string, Fragment> {
  const paths: Record<string, Fragment> = {};
  for (const definition of served) {
    for (const operation of operationsOf(definition)) {
      paths[operation.path] = { ...paths[operation.path], [operation.method]: write(operation, definition) };
    }
  }
  return Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function toV3(served: readonly ResourceDefinition[], version: string, descriptions: ComponentOptions['descriptions']) {
  const components = componentsOf({ version: 3, descriptions, kinds: kindsOf(served) });
  components.add(patchName, patchSchema);
  for (const each of served) addCustom(components, each);
  const content = (types: readonly string[], model: string) =>
    Object.fromEntries(types.map((type) => [type, { schema: components.refer(model) }]));
  const paths = assemble(served, (operation, definition) => {
    const answer = answerModel(operation, definition);
    const body = requestModel(operation, definition);
    return {
      ...common(operation, definition),
      parameters: operation.parameters.map(({ name, in: where, type, description }: Parameter) => {
        return { name, in: where, description, ...(where === 'path' && { required: true }), schema: { type } };
      }),
      ...(body && {
        requestBody: {
          content: content(operation.body === 'patch' ? patchTypesOf(definition) : ['*/*'], body),
          ...(operation.body !== 'deleteOptions' && { required: true }),
        },
      }),
      responses: {
        200: {
          description: 'OK',
          content: answer ? content(produced, answer) : { '*/*': { schema: { type: 'string' } } },
        },
        401: { description: 'Unauthorized' },
      },
    };
  });
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version },
    paths,
    components: {
      schemas: components.all(),
      securitySchemes: {
        BearerToken: { type: 'apiKey', description: 'A bearer token.', name: 'authorization', in: 'header' },
      },
    },
  };
}

function toV2(
  served: readonly ResourceDefinition[],
  version: string,
  descriptions: ComponentOptions['descriptions'],
): SwaggerDocument {
  const components = componentsOf({ version: 2, descriptions, kinds: kindsOf(served) });
  components.add(patchName, patchSchema);
  for (const each of served) addCustom(components, each);
  const paths = assemble(served, (operation, definition) => {
    const answer = answerModel(operation, definition);
    const body = requestModel(operation, definition);
    return {
      ...common(operation, definition),
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
      responses: {
        200: { description: 'OK', schema: answer ? components.refer(answer) : { type: 'string' } },
        401: { description: 'Unauthorized' },
      },
    };
  });
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths,
    definitions: components.all(),
    securityDefinitions: {
      BearerToken: { type: 'apiKey', description: 'A bearer token.', name: 'authorization', in: 'header' },
    },
    security: [{ BearerToken: [] }],
  };
}
