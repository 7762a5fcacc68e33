// The resource that a policy's `paramKind` names.

import type { V1ParamKind } from '../../../generated/kubernetes.ts';
import type { Definitions, ResourceDefinition } from '../../api/definition.ts';

/** undefined: none is served under that name. */
export function paramDefinition(
  definitions: Definitions,
  { apiVersion = '', kind = '' }: V1ParamKind,
): ResourceDefinition | undefined {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return definitions.findKind(group, version, kind);
}
