// When a container runs again: a policy of its own, and rules by its exit code. Source: KEP-753 (sidecars), KEP-5307 (rules), KEP-5532
// (all containers of the pod).

import type { V1Container } from '../../../../generated/kubernetes.ts';
import { type FieldError, notSupported, required, tooMany } from '../../../machinery/field-error.ts';

const policies = ['Always', 'Never', 'OnFailure'];
const actions = ['Restart', 'RestartAllContainers'];
const operators = ['In', 'NotIn'];
const most = { rules: 20, exitCodes: 255 };

export function validateRestart(container: V1Container, path: string): FieldError[] {
  const { restartPolicy: policy, restartPolicyRules: rules = [] } = container;
  const errors: FieldError[] = [];
  if (policy && !policies.includes(policy)) errors.push(notSupported(`${path}.restartPolicy`, policy, policies));
  if (!policy && rules.length > 0)
    errors.push(required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used'));
  if (rules.length > most.rules) errors.push(tooMany(`${path}.restartPolicyRules`, rules.length, most.rules));
  for (const [i, { action = '', exitCodes }] of rules.entries()) {
    const at = `${path}.restartPolicyRules[${i}]`;
    if (!actions.includes(action)) errors.push(notSupported(`${at}.action`, action, actions));
    if (!exitCodes) {
      errors.push(required(`${at}.exitCodes`, 'must be specified'));
      continue;
    }
    const { operator = '', values = [] } = exitCodes;
    if (!operators.includes(operator)) errors.push(notSupported(`${at}.exitCodes.operator`, operator, operators));
    if (values.length > most.exitCodes) errors.push(tooMany(`${at}.exitCodes.values`, values.length, most.exitCodes));
  }
  return errors;
}
