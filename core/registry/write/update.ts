// Replaces an object by the one that the client sends.

import { deepClone } from '../../machinery/equality.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { conflict } from '../../machinery/status.ts';
import type { WriteEnvironment } from '../admission/plugin.ts';
import type { Outcome, RequestContext, Target, WriteOptions } from '../registry.ts';
import { subjectOf } from '../target.ts';
import { storedDefinition } from '../versions.ts';
import { modify } from './modify.ts';
import { updates } from './ownership.ts';
import { mayUse } from './permission.ts';

export async function update(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  input: KubeObject,
  options: WriteOptions = {},
): Promise<Outcome & { created: boolean }> {
  const mayCreate = !target.subresource && env.strategyOf(storedDefinition(env, target.definition)).createOnUpdate;
  return await modify(
    env,
    context,
    target,
    {
      build: () => deepClone(input),
      management: updates,
      ...(mayCreate && {
        otherwise: async () => {
          await mayUse(env, context, target, 'create');
          if (input.metadata?.resourceVersion || input.metadata?.uid) {
            const subject = subjectOf(target.definition);
            throw conflict(
              subject,
              target.name ?? '',
              `the object does not exist: it cannot have uid "${input.metadata.uid ?? ''}" or resourceVersion "${input.metadata.resourceVersion ?? ''}"`,
            );
          }
          return input;
        },
      }),
    },
    options,
  );
}
