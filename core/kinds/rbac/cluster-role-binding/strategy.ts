// ClusterRoleBindings.

import { bindingOf } from '../binding.ts';

export const strategy = bindingOf(['ClusterRole'], false);
