// The built-in admission plugins, in the order in which they run.

import { namespaceLifecycle } from './namespace-lifecycle.ts';
import type { AdmissionPlugin } from './plugin.ts';

export const builtInPlugins: readonly AdmissionPlugin[] = [namespaceLifecycle];
