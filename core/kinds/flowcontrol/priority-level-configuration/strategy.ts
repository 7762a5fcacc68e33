// PriorityLevelConfigurations: the schema says everything.

import { strategyFor } from '../../../registry/strategy.ts';

export const strategy = strategyFor({ generation: true });
