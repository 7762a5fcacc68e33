// RoleBindings.

import { bindingOf } from '../binding.ts';

export const strategy = bindingOf(['ClusterRole', 'Role'], true);
