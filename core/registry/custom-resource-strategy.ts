// Custom resources: the schema says everything; updates name the version that they change.

import { strategyFor } from '../kinds/strategy.ts';

export const customResource = strategyFor({ generation: true, conditionalUpdate: true });
