// Every built-in resource as a ResourceDefinition, and the set of definitions that a process serves.

import { conversions } from '../../generated/conversions.ts';
import type { KubeObject } from '../machinery/object.ts';
import { getOwn } from '../machinery/own.ts';
import type { Schema } from '../machinery/schema.ts';
import { fieldAt } from '../machinery/structure/field-at.ts';
import type { Definitions, ResourceDefinition, Subresource, Verb } from './definition.ts';
import type { SelectableField } from './kind.ts';
import { type ResourceRow, resourceRows, schemaOf } from './models.ts';
import { typeOf } from './type-of.ts';

/** The definitions of all built-in resources. Custom resources are added to the result at run time. */
export function loadDefinitions(): Definitions {
  return new DefinitionSet(resourceRows.map(defineBuiltIn));
}

class DefinitionSet implements Definitions {
  generation = 1;
  readonly #builtIn: readonly ResourceDefinition[];
  readonly #listeners = new Set<(gone: readonly ResourceDefinition[]) => void>();
  readonly #custom = new Map<string, readonly ResourceDefinition[]>();
  #all: readonly ResourceDefinition[] = [];
  readonly #byResource = new Map<string, ResourceDefinition>();
  readonly #byKind = new Map<string, ResourceDefinition>();
  readonly #byType = new Map<string, ResourceDefinition>();

  constructor(builtIn: readonly ResourceDefinition[]) {
    this.#builtIn = builtIn;
    this.#index();
  }

  find(group: string, version: string, resource: string): ResourceDefinition | undefined {
    return this.#byResource.get(`${group}/${version}/${resource}`);
  }

  findKind(group: string, version: string, kind: string): ResourceDefinition | undefined {
    return this.#byKind.get(`${group}/${version}/${kind}`);
  }

  ofType(type: string): ResourceDefinition | undefined {
    return this.#byType.get(type);
  }

  all(): readonly ResourceDefinition[] {
    return this.#all;
  }

  setCustom(name: string, definitions: readonly ResourceDefinition[]): void {
    const before = this.#custom.get(name);
    this.#custom.set(name, definitions);
    this.#change(before);
  }

  removeCustom(name: string): void {
    const before = this.#custom.get(name);
    if (!before) return;
    this.#custom.delete(name);
    this.#change(before);
  }

  onGone(listener: (gone: readonly ResourceDefinition[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #change(before: readonly ResourceDefinition[] = []): void {
    this.#index();
    this.generation += 1;
    const gone = before.filter((each) => !this.find(each.group, each.version, each.resource));
    if (gone.length > 0) for (const listener of this.#listeners) listener(gone);
  }

  #index(): void {
    this.#all = [...this.#builtIn, ...[...this.#custom.values()].flat()];
    for (const index of [this.#byResource, this.#byKind, this.#byType]) index.clear();
    for (const each of this.#all) {
      const prefix = `${each.group}/${each.version}`;
      // A built-in wins over a custom resource that claims its name.
      setOnce(this.#byResource, `${prefix}/${each.resource}`, each);
      setOnce(this.#byKind, `${prefix}/${each.kind}`, each);
      if (each.version === each.storageVersion && typeOf(each.group, each.resource) === each.type) {
        setOnce(this.#byType, each.type, each);
      }
    }
    // A custom resource may store a version that it no longer serves.
    for (const each of this.#all) setOnce(this.#byType, each.type, each);
  }
}

function setOnce(index: Map<string, ResourceDefinition>, key: string, definition: ResourceDefinition): void {
  if (!index.has(key)) index.set(key, definition);
}

function defineBuiltIn(row: ResourceRow): ResourceDefinition {
  const { group, version, kind, resource, namespaced, storage } = row;
  const name = typeOf(group, resource);
  const type = storage?.type ?? name;
  const storageVersion = storage?.version ?? version;
  const convert = type !== name || version !== storageVersion ? conversions.get(name) : undefined;
  const definition = {
    group,
    version,
    kind,
    listKind: `${kind}List`,
    resource,
    singular: kind.toLowerCase(),
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    namespaced,
    // The generator derives verbs from paths, which admits only these.
    verbs: row.verbs as readonly Verb[],
    subresources: subresourcesOf(row),
    selectableFields: selectorsOf(row.selectableFields ?? []),
    ...(row.unselectable && { unselectable: row.unselectable }),
    type,
    storageVersion,
    ...(convert && { convert }),
  };
  return lazily(definition, row.model);
}

/** The schema is made when it is first looked at: a process that serves pods does not build flow schemas. */
function lazily(definition: Omit<ResourceDefinition, 'schema'>, model: string): ResourceDefinition {
  let schema: Schema | undefined;
  return Object.defineProperty(definition, 'schema', {
    enumerable: true,
    get() {
      schema ??= schemaOf(model);
      return schema;
    },
    // defineProperty gives the type of its argument back, which lacks the property that it just added.
  }) as ResourceDefinition;
}

/** Bodies of subresources whose kind is not a model of the client package: they take query parameters. */
const optionKinds: Readonly<Record<string, string>> = {
  'pods/attach': 'PodAttachOptions',
  'pods/exec': 'PodExecOptions',
  'pods/portforward': 'PodPortForwardOptions',
  'pods/proxy': 'PodProxyOptions',
  'services/proxy': 'ServiceProxyOptions',
  'nodes/proxy': 'NodeProxyOptions',
};

/** Where the group and version of a subresource's body stand in its model's OpenAPI name. */
const otherGroups: Readonly<Record<string, { group: string; version: string }>> = {
  'io.k8s.api.autoscaling.v1.Scale': { group: 'autoscaling', version: 'v1' },
  'io.k8s.api.policy.v1.Eviction': { group: 'policy', version: 'v1' },
  'io.k8s.api.authentication.v1.TokenRequest': { group: 'authentication.k8s.io', version: 'v1' },
};

function subresourcesOf(row: ResourceRow): readonly Subresource[] {
  return Object.entries(row.subresources)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { verbs, model = '' }]) => {
      const kind = getOwn(optionKinds, `${row.resource}/${name}`) ?? (model.split('.').at(-1) || row.kind);
      return { name, verbs, kind, ...getOwn(otherGroups, model), ...(model && { model }) };
    });
}

function selectorsOf(
  fields: readonly (string | SelectableField)[],
): Readonly<Record<string, (object: KubeObject) => string>> {
  return Object.fromEntries(
    fields.map((field) => {
      const {
        name,
        path = name,
        otherwise,
        zero = '',
      }: SelectableField = typeof field === 'string' ? { name: field } : field;
      const read = path === '' ? () => zero : selector(path.split('.'), zero);
      const second = otherwise === undefined ? undefined : selector(otherwise.split('.'), zero);
      return [name, second ? (object: KubeObject) => read(object) || second(object) : read];
    }),
  );
}

function selector(path: readonly string[], zero: string): (object: KubeObject) => string {
  return (object) => {
    const value = fieldAt(object, path);
    return value === undefined || value === null ? zero : String(value);
  };
}
