// RoleBindings.

import { bindingOf } from '../binding.ts';

export const strategy = bindingOf(['Role', 'ClusterRole'], true);
