// One object that a review is about, if it is there.

import type { KubeObject } from '../../../core/machinery/object.ts';
import { hasReason } from '../../../core/machinery/status.ts';
import type { RequestContext, Target } from '../../../core/registry/registry.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { TypeName } from '../../../core/store/store.ts';
import type { ReviewParts } from './review.ts';

/** `type`: a log's name. `namespace`: empty for what has none. */
export async function findObject<T extends TypeName>(
  { registry, definitions }: Pick<ReviewParts, 'registry' | 'definitions'>,
  context: RequestContext,
  type: T,
  namespace: string,
  name: string,
): Promise<Stored<T, KubeObject> | undefined> {
  const definition = definitions.ofType(type);
  if (!definition || name === '') return undefined;
  const target: Target = { definition, name, ...(namespace !== '' && { namespace }) };
  try {
    // as: what is stored as of a type is of it.
    return (await registry.get(context, target)).object as Stored<T, KubeObject>;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
