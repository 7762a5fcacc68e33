// How nodes join over a function, loaded when the first one does: what serves clients sees none.

import { late } from '../../../core/machinery/late.ts';
import type { NodeJoining } from '../node/joining.ts';
import type { ServerlessJoiningOptions } from './joining.ts';

export function lateJoining(options: ServerlessJoiningOptions): NodeJoining {
  const joining = late(async () => {
    const { serverlessJoining } = await import('./joining.ts');
    return serverlessJoining(options);
  });
  return {
    join: async (...given) => joining(({ join }) => join(...given)),
    renew: async (...given) => joining(({ renew }) => renew(...given)),
  };
}
