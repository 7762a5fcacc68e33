// GETs of subresources: a scale, or the object itself seen through status and the like.

import type { ReadEnvironment } from '../../kinds/environment.ts';
import { encodeWhole } from '../../store/encode-object.ts';
import { get } from '../read/get.ts';
import type { Outcome, RequestContext, Target } from '../registry.ts';
import { scaleOf, scalePaths } from '../scale.ts';

export async function getSubresource(env: ReadEnvironment, _context: RequestContext, target: Target): Promise<Outcome> {
  const { subresource, ...main } = target;
  const outcome = await get(env, main);
  if (subresource !== 'scale') return outcome;
  const object = scaleOf(outcome.object, scalePaths(target));
  return { object, bytes: encodeWhole(object) };
}
