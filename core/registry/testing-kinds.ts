// What the tests of kinds share: a registry, and what is wrong with an object, as `kubectl` would print it.

import type { KubeObject } from '../machinery/object.ts';
import { openTestRegistry } from './testing.ts';

export interface TestKinds {
  /** `field: message` for each thing that is wrong with a new object; empty when it is taken. Nothing is stored. */
  created(type: string, object: object): Promise<string[]>;
  /** The same for a change, as a merge patch, of an object that is made for it. */
  changed(type: string, object: object, change: object, subresource?: string): Promise<string[]>;
  /** The object as it would be stored. */
  stored(type: string, object: object): Promise<KubeObject>;
  close(): Promise<void>;
}

/** With a namespace `default`. Objects without a name are called `a`. */
export async function openTestKinds(): Promise<TestKinds> {
  const t = await openTestRegistry();
  await t.namespace('default');
  const targetOf = (type: string, name?: string) => {
    // One that is stored as another type has no definition by its own name alone.
    const definition = t.definitions.ofType(type) ?? t.definition(type, 'v1');
    return { definition, ...(definition.namespaced && { namespace: 'default' }), ...(name && { name }) };
  };
  const create = (type: string, object: object, dryRun: boolean) => {
    // A test's own object, which is there to be wrong.
    const body = { metadata: { name: 'a' }, ...object } as KubeObject;
    return t.registry.create(t.context, targetOf(type), body, { dryRun });
  };
  return {
    created: (type, object) => problems(create(type, object, true)),
    async changed(type, object, change, subresource = '') {
      const { metadata } = (await create(type, object, false)).object;
      const target = targetOf(type, metadata.name);
      // As a client that read it: some kinds take no unconditional update.
      const patch = { ...change, metadata: { resourceVersion: metadata.resourceVersion, ...Object(change).metadata } };
      const of = subresource ? { ...target, subresource } : target;
      try {
        return await problems(t.registry.patch(t.context, of, 'merge', patch));
      } finally {
        await t.registry.delete(t.context, target, { gracePeriodSeconds: 0 });
      }
    },
    stored: async (type, object) => (await create(type, object, true)).object,
    close: () => t.close(),
  };
}

/** `field: message` for each thing that is wrong; empty when the object is taken. */
export async function problems(write: Promise<unknown>): Promise<string[]> {
  try {
    await write;
    return [];
  } catch (error) {
    const { reason, message, details } = error as {
      reason?: string;
      message: string;
      details?: { causes?: { field: string; message: string }[] };
    };
    if (reason !== 'Invalid') return [`${reason}: ${message}`];
    return (details?.causes ?? []).map((each) => `${each.field}: ${each.message}`);
  }
}
