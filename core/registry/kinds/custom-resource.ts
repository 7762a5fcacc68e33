// Custom resources: the schema says everything; updates name the version that they change.

import { strategy } from '../strategy.ts';

export const customResource = strategy({ generation: true, conditionalUpdate: true });
