// GETs of subresources: a scale, or the object itself seen through status and the like.

import type { ReadEnvironment } from '../../kinds/environment.ts';
import { StatusError } from '../../machinery/status.ts';
import { encodeWhole } from '../../store/encode-object.ts';
import { get } from '../read/get.ts';
import type { Outcome, RequestContext, Target } from '../registry.ts';
import { missingReplicas, scaleOf, scalePaths } from '../scale.ts';

export async function getSubresource(env: ReadEnvironment, _context: RequestContext, target: Target): Promise<Outcome> {
  const { subresource, ...main } = target;
  const outcome = await get(env, main);
  if (subresource !== 'scale') return outcome;
  const paths = scalePaths(target);
  const missing = target.definition.customResource && missingReplicas(outcome.object, paths);
  if (missing)
    throw new StatusError(
      'InternalError',
      `Internal error occurred: the spec replicas field ${missing} does not exist`,
    );
  const object = scaleOf(outcome.object, paths);
  return { object, bytes: encodeWhole(object) };
}
