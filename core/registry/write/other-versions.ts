// The versions that an object's managers wrote in, beside the one of a request: where they are served, with the way there and back.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { Environment } from '../../kinds/environment.ts';
import type { OtherVersion } from '../../machinery/apply/apply-across-versions.ts';
import { otherVersions, type View, type Views } from '../../machinery/apply/differences.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { apiVersionOf } from '../target.ts';
import { fromStored, toStored } from '../versions.ts';

/** undefined where all entries of `live` are in the version of `definition`. */
export function servedVersions(
  env: Environment,
  definition: ResourceDefinition,
  live: KubeObject | undefined,
): ReadonlyMap<string, OtherVersion> | undefined {
  const others = otherVersions(live?.metadata.managedFields, apiVersionOf(definition));
  if (!others) return undefined;
  const served = new Map<string, OtherVersion>();
  for (const apiVersion of others) {
    const other = definitionIn(env, definition, apiVersion);
    if (!other) continue;
    served.set(apiVersion, {
      schema: other.schema,
      from: (object) => convert(env, definition, other, object),
      back: (object) => convert(env, other, definition, object),
    });
  }
  return served;
}

/**
 * `live` and `object`, both in the version of `definition`, as the managers of other versions see them. Where the conversion
 * fails nothing is said to have changed: an update is not refused for the sake of bookkeeping, and an apply will convert again.
 */
export async function viewsOf(
  versions: ReadonlyMap<string, OtherVersion>,
  live: KubeObject,
  object: KubeObject,
): Promise<Views> {
  const views = new Map<string, View>();
  for (const [apiVersion, { schema, from }] of versions) {
    try {
      views.set(apiVersion, { schema, live: await from(live), object: await from(object) });
    } catch {
      views.set(apiVersion, { schema, live, object: live });
    }
  }
  return views;
}

function definitionIn(
  env: Environment,
  { kind, type }: ResourceDefinition,
  apiVersion: string,
): ResourceDefinition | undefined {
  const at = apiVersion.indexOf('/');
  const found = env.definitions.findKind(apiVersion.slice(0, Math.max(at, 0)), apiVersion.slice(at + 1), kind);
  return found?.type === type ? found : undefined;
}

async function convert(
  env: Environment,
  from: ResourceDefinition,
  to: ResourceDefinition,
  object: KubeObject,
): Promise<KubeObject> {
  return await fromStored(env, to, await toStored(env, from, object));
}
