// FlowSchemas: the schema says everything.

import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor({ generation: true });
