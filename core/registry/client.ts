// Calls to the registry by type and name, as one user: for parts in the same process that do not come through HTTP.

import type { Definitions, ResourceDefinition } from '../api/definition.ts';
import type { UserInfo } from '../authorization/user-info.ts';
import type { DeleteOptions } from '../kinds/delete-options.ts';
import type { KubeObject } from '../machinery/object.ts';
import { hasReason, StatusError } from '../machinery/status.ts';
import type { TypeName } from '../store/store.ts';
import type {
  ListOptions,
  Modification,
  PatchType,
  Registry,
  RequestContext,
  Target,
  WriteOptions,
} from './registry.ts';

/** The shape that callers' types have: an object of some kind, by the caller's word. */
type Named = { metadata: KubeObject['metadata'] };

export interface Client {
  get<T extends Named>(type: TypeName, namespace: string, name: string): Promise<T>;
  /** Undefined when it does not exist. */
  find<T extends Named>(type: TypeName, namespace: string, name: string): Promise<T | undefined>;
  list<T extends Named>(type: TypeName, namespace?: string, options?: ListOptions): Promise<T[]>;
  create<T extends Named>(type: TypeName, object: T, options?: WriteOptions): Promise<T>;
  update<T extends Named>(type: TypeName, object: T, options?: WriteOptions): Promise<T>;
  /** Whatever others do to the object meanwhile: see Registry.modify. */
  modify<T extends Named>(
    type: TypeName,
    namespace: string,
    name: string,
    change: Modify<T>,
    options?: WriteOptions,
  ): Promise<T>;
  patch<T extends Named>(
    type: TypeName,
    namespace: string,
    name: string,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T>;
  /** False when it did not exist. */
  delete(type: TypeName, namespace: string, name: string, options?: DeleteOptions): Promise<boolean>;
  bind(namespace: string, pod: string, node: string, uid?: string): Promise<void>;
  evict(namespace: string, pod: string, options?: DeleteOptions): Promise<void>;
}

export interface Modify<T> {
  readonly check?: (existing: T) => void;
  readonly build: (existing: T) => T | undefined;
  readonly otherwise?: () => T;
  readonly subresource?: string;
}

export interface Patch {
  readonly type: PatchType;
  readonly body: unknown;
  readonly subresource?: string;
}

/** `fieldManager` names the writes in managedFields; by default the user's name. */
export function createClient(
  registry: Registry,
  definitions: Definitions,
  user: UserInfo,
  fieldManager = user.username,
): Client {
  const context = (): RequestContext => ({ user, warnings: [] });
  const definitionOf = (type: TypeName): ResourceDefinition => {
    const found = definitions.ofType(type);
    if (!found) throw new StatusError('NotFound', `the server does not have a resource type ${JSON.stringify(type)}`);
    return found;
  };
  const target = (type: TypeName, namespace: string | undefined, name?: string, subresource?: string): Target => ({
    definition: definitionOf(type),
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(subresource && { subresource }),
  });
  const targetOf = (type: TypeName, { metadata }: Named, subresource?: string) =>
    target(type, metadata.namespace, metadata.name, subresource);
  const withManager = (options: WriteOptions = {}): WriteOptions => ({ fieldManager, ...options });

  const client: Client = {
    async get<T extends Named>(type: TypeName, namespace: string, name: string) {
      return typed<T>((await registry.get(context(), target(type, namespace, name))).object);
    },
    async find<T extends Named>(type: TypeName, namespace: string, name: string) {
      try {
        return await client.get<T>(type, namespace, name);
      } catch (error) {
        if (hasReason(error, 'NotFound')) return undefined;
        throw error;
      }
    },
    async list<T extends Named>(type: TypeName, namespace?: string, options: ListOptions = {}) {
      const { entries } = await registry.list(context(), target(type, namespace), options);
      return entries.map(({ object }) => typed<T>(object));
    },
    async create<T extends Named>(type: TypeName, object: T, options?: WriteOptions) {
      const at = target(type, object.metadata.namespace);
      return typed<T>((await registry.create(context(), at, plain(object), withManager(options))).object);
    },
    async update<T extends Named>(type: TypeName, object: T, options?: WriteOptions) {
      return typed<T>(
        (await registry.update(context(), targetOf(type, object), plain(object), withManager(options))).object,
      );
    },
    async modify<T extends Named>(
      type: TypeName,
      namespace: string,
      name: string,
      { check, build, otherwise, subresource }: Modify<T>,
      options?: WriteOptions,
    ) {
      const change: Modification = {
        ...(check && { check: (existing) => check(typed<T>(existing)) }),
        build(existing) {
          const next = build(typed<T>(existing));
          return next && plain(next);
        },
        ...(otherwise && { otherwise: () => plain(otherwise()) }),
      };
      const at = target(type, namespace, name, subresource);
      return typed<T>((await registry.modify(context(), at, change, withManager(options))).object);
    },
    async patch<T extends Named>(
      type: TypeName,
      namespace: string,
      name: string,
      patch: Patch,
      options?: WriteOptions,
    ) {
      const at = target(type, namespace, name, patch.subresource);
      return typed<T>((await registry.patch(context(), at, patch.type, patch.body, withManager(options))).object);
    },
    async delete(type, namespace, name, options) {
      try {
        await registry.delete(context(), target(type, namespace, name), options);
        return true;
      } catch (error) {
        if (hasReason(error, 'NotFound')) return false;
        throw error;
      }
    },
    async bind(namespace, pod, node, uid) {
      const body: KubeObject = {
        metadata: { name: pod, namespace, ...(uid && { uid }) },
        target: { kind: 'Node', name: node },
      };
      await registry.create(context(), target('pods', namespace, pod, 'binding'), body, withManager());
    },
    async evict(namespace, pod, options) {
      const { dryRun = false, ...deleteOptions } = options ?? {};
      const body: KubeObject = { metadata: { name: pod, namespace }, deleteOptions };
      await registry.create(context(), target('pods', namespace, pod, 'eviction'), body, withManager({ dryRun }));
    },
  };
  return client;
}

function typed<T>(object: unknown): T {
  // The caller names the type that it asked for; the registry stores nothing else under it.
  return object as T;
}

function plain(object: Named): KubeObject {
  // Every kind's type is a KubeObject; TypeScript wants an index signature for it.
  return object;
}
