// Custom resources: the schema says everything; updates name the version that they change.

import { strategyFor } from './strategy.ts';

export const customResource = strategyFor({ generation: true, conditionalUpdate: true });
