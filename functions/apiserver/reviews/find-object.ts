// One object that a review is about, if it is there.

import type { KubeObject } from '../../../core/machinery/object.ts';
import { hasReason } from '../../../core/machinery/status.ts';
import type { RequestContext, Target } from '../../../core/registry/registry.ts';
import type { ReviewParts } from './review.ts';

/** `type`: a log's name. `namespace`: empty for what has none. */
export async function findObject(
  { registry, definitions }: Pick<ReviewParts, 'registry' | 'definitions'>,
  context: RequestContext,
  type: string,
  namespace: string,
  name: string,
): Promise<KubeObject | undefined> {
  const definition = definitions.ofType(type);
  if (!definition || name === '') return undefined;
  const target: Target = { definition, name, ...(namespace !== '' && { namespace }) };
  try {
    return (await registry.get(context, target)).object;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
