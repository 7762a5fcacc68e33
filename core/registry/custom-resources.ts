// Keeps the served definitions in step with the CustomResourceDefinitions of the cluster, and ends one that is being deleted
// once its objects are gone. Any number of processes may do this at the same time.

import { randomUUID } from 'node:crypto';
import type { V1CustomResourceDefinition } from '../../generated/kubernetes.ts';
import { customDefinitions } from '../api/custom.ts';
import type { Definitions } from '../api/definition.ts';
import { cleanupFinalizer, isEstablished } from '../kinds/apiextensions/custom-resource-definition/custom-names.ts';
import { hasReason } from '../machinery/status.ts';
import type { Replicas } from '../replica/replica.ts';
import type { TypeName } from '../store/store.ts';
import { replicaLookups } from './lookup.ts';
import type { Registry, RequestContext } from './registry.ts';
import { createWebhookCaller, type WebhookCaller } from './webhooks/caller.ts';
import { webhookConverter } from './webhooks/conversion.ts';

export const customResourceType = 'apiextensions.k8s.io/customresourcedefinitions';
const type = customResourceType;

export interface CustomResourcesOptions {
  /** Reaches conversion webhooks. Default: pods and Services at their own addresses. */
  readonly callWebhook?: WebhookCaller;
  readonly registry: Registry;
  readonly replicas: Replicas;
  readonly definitions: Definitions;
  /** Told of what went wrong while a definition's objects were deleted; the next change of them tries again. */
  readonly onError?: (error: unknown) => void;
}

/** Resolves when all definitions that exist are served. The result stops it. */
export async function serveCustomResources(options: CustomResourcesOptions): Promise<() => void> {
  const { definitions, replicas } = options;
  const replica = await replicas.of(type);
  const waits = new Map<string, () => void>();
  const call = options.callWebhook ?? createWebhookCaller({ ...replicaLookups(replicas), random: Math.random });
  /** What was read of a type that is gone, too, by requests that had begun before: it goes with the next definition. */
  const isBuiltInOrServed = (each: TypeName) => !isCustom(each) || definitions.ofType(each) !== undefined;
  const serve = (crd: V1CustomResourceDefinition) => {
    if (!isEstablished(crd)) {
      definitions.removeCustom(crd.metadata.name ?? '');
      // It serves no objects that would have to go first.
      if (crd.metadata.deletionTimestamp) void letGo(options, crd);
      return;
    }
    const convert = crd.spec.conversion?.strategy === 'Webhook' ? webhookConverter(crd, call, randomUUID) : undefined;
    definitions.setCustom(crd.metadata.name ?? '', customDefinitions(crd, convert));
    if (crd.metadata.deletionTimestamp) void cleanUp(options, crd, waits);
  };
  const stop = replica.onEvent(({ type: change, entry }) => {
    const crd = entry.object;
    if (change !== 'DELETED') return serve(crd);
    waits.get(crd.metadata.name ?? '')?.();
    definitions.removeCustom(crd.metadata.name ?? '');
    replicas.keepOnly(isBuiltInOrServed);
    queueMicrotask(() => acceptAgain(options, crd.spec.group));
  });
  for (const entry of replica.snapshot()) serve(entry.object);
  return () => {
    stop();
    for (const end of waits.values()) end();
  };
}

/** Groups of custom resources have a dot; of types that have one and are built in, there always is a definition. */
function isCustom(each: TypeName): boolean {
  const slash = each.indexOf('/');
  return each.slice(0, Math.max(0, slash)).includes('.');
}

/** Names became free: definitions that waited for them are looked at again, by a write that changes nothing itself. */
async function acceptAgain({ registry, replicas, definitions, onError }: CustomResourcesOptions, group: string) {
  const own = definitions.ofType(type);
  if (!own) return;
  try {
    for (const { object } of (await replicas.of(type)).snapshot()) {
      const { metadata, spec, status } = object;
      const waits = status?.conditions?.some((each) => each.type === 'NamesAccepted' && each.status === 'False');
      if (spec.group !== group || !waits || !metadata.name) continue;
      await registry.patch(systemContext(), { definition: own, name: metadata.name }, 'merge', {});
    }
  } catch (error) {
    // Somebody else may have been faster, or deleted it.
    if (!hasReason(error, 'NotFound', 'Conflict')) onError?.(error);
  }
}

function systemContext(): RequestContext {
  return { user: { username: 'system:apiserver', groups: ['system:masters'] }, warnings: [] };
}

/** Ends a definition that is being deleted and has no objects any more. */
async function letGo(
  { registry, definitions, onError }: CustomResourcesOptions,
  { metadata }: V1CustomResourceDefinition,
): Promise<void> {
  const own = definitions.ofType(type);
  if (!own || !metadata.finalizers?.includes(cleanupFinalizer)) return;
  const finalizers = metadata.finalizers.filter((each) => each !== cleanupFinalizer);
  try {
    const target = { definition: own, name: metadata.name ?? '' };
    const { resourceVersion } = metadata;
    await registry.patch(systemContext(), target, 'merge', { metadata: { finalizers, resourceVersion } });
  } catch (error) {
    // Somebody else finished it, or changed the definition: then its next event comes here again.
    if (!hasReason(error, 'NotFound', 'Conflict')) onError?.(error);
  }
}

/** Deletes a definition's objects. While some of them wait for finalizers, it looks again after each that goes. */
async function cleanUp(
  options: CustomResourcesOptions,
  crd: V1CustomResourceDefinition,
  waits: Map<string, () => void>,
): Promise<void> {
  const { registry, replicas, definitions, onError } = options;
  const name = crd.metadata.name ?? '';
  const definition = definitions.ofType(`${crd.spec.group}/${crd.spec.names.plural}`);
  if (!definition || waits.has(name) || !crd.metadata.finalizers?.includes(cleanupFinalizer)) return;
  try {
    const objects = await replicas.of(definition.type);
    let stop = () => {};
    const check = () => {
      if (objects.size > 0) return;
      stop();
      void letGo(options, crd);
    };
    // Not inside the event, where the replica is not yet as it will be.
    const unsubscribe = objects.onEvent(() => queueMicrotask(check));
    stop = () => {
      unsubscribe();
      waits.delete(name);
    };
    waits.set(name, stop);
    await registry.deleteCollection(systemContext(), { definition }, {});
    await objects.catchUp();
    if (waits.has(name)) check();
  } catch (error) {
    waits.get(name)?.();
    onError?.(error);
  }
}
