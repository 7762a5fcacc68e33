// The two forms of an OpenAPI document: version 3 of one group version, version 2 of everything.

import { getOwn, setOwn } from '../../machinery/own.ts';
import type { ResourceDefinition } from '../definition.ts';
import {
  type ComponentOptions,
  type Components,
  componentName,
  componentsOf,
  type GroupVersionKind,
  hasModel,
} from './components.ts';
import { type Operation, operationsOf, type Parameter } from './operations.ts';
import type { SwaggerDocument } from './swagger-protobuf.ts';

type Fragment = Record<string, unknown>;

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
export const customPatchTypes = patchTypes.filter((each) => !each.includes('strategic'));
const patchTypesOf = ({ customResource }: ResourceDefinition) => (customResource ? customPatchTypes : patchTypes);
const produced = ['application/json', 'application/yaml'];

export function toV3(
  served: readonly ResourceDefinition[],
  version: string,
  descriptions: ComponentOptions['descriptions'],
) {
  const components = componentsFor(3, served, descriptions);
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

export function toV2(
  served: readonly ResourceDefinition[],
  version: string,
  descriptions: ComponentOptions['descriptions'],
): SwaggerDocument {
  const components = componentsFor(2, served, descriptions);
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

function componentsFor(
  version: ComponentOptions['version'],
  served: readonly ResourceDefinition[],
  descriptions: ComponentOptions['descriptions'],
): Components {
  const components = componentsOf({ version, descriptions, kinds: kindsOf(served) });
  components.add(patchName, patchSchema);
  for (const each of served) addCustom(components, each);
  return components;
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

function addCustom(components: Components, definition: ResourceDefinition): void {
  const { group, version, kind, listKind, schema } = definition;
  if (schema.model !== undefined) return;
  const name = componentName(schema, definition);
  components.add(name, {
    ...components.custom(schema),
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
      const before = getOwn(paths, operation.path);
      setOwn(paths, operation.path, { ...before, [operation.method]: write(operation, definition) });
    }
  }
  return Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)));
}
