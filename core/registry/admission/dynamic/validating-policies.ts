// ValidatingAdmissionPolicy: refuses, warns or notes for the audit log as CEL expressions say. Source: KEP-3488.

import type {
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
  V1Validation,
} from '../../../../generated/kubernetes.ts';
import type { Budget } from '../../../cel/program.ts';
import type { Environment } from '../../../kinds/environment.ts';
import { setOwn } from '../../../machinery/own.ts';
import type { Attributes } from '../plugin.ts';
import { evaluate, evaluationError, type Inputs } from './expressions.ts';
import { evaluationsOf, refusal, whyUnusable } from './policy.ts';

const policyType = 'admissionregistration.k8s.io/validatingadmissionpolicies';

interface Failure {
  readonly message: string;
  readonly reason?: string | undefined;
  readonly expression: number;
}

/** `bindings`: all that there are. */
export async function validateByPolicies(
  attributes: Attributes,
  env: Environment,
  bindings: readonly V1ValidatingAdmissionPolicyBinding[],
): Promise<void> {
  for (const policy of await env.lookAll(policyType)) {
    const own = bindings.filter(({ spec }) => spec?.policyName === policy.metadata?.name);
    if (own.length > 0) await validatePolicy(attributes, env, policy, own);
  }
}

async function validatePolicy(
  attributes: Attributes,
  env: Environment,
  policy: V1ValidatingAdmissionPolicy,
  bindings: readonly V1ValidatingAdmissionPolicyBinding[],
): Promise<void> {
  const ignores = policy.spec?.failurePolicy === 'Ignore';
  const act = (binding: V1ValidatingAdmissionPolicyBinding, failure: Failure) =>
    enforce(attributes, policy, binding, failure);
  // What is wrong with a policy or a binding is denied, whatever is to be done about its failures.
  const deny = (why: string, binding?: V1ValidatingAdmissionPolicyBinding) => {
    throw refusal(attributes, `ValidatingAdmissionPolicy ${namesOf(policy, binding)} denied request: ${why}`);
  };
  const evaluations = await evaluationsOf(env, attributes, policy, bindings, (binding, why, of) => {
    if (ignores) return;
    if (of === 'condition') act(binding, { message: why, expression: 0 });
    else deny(whyUnusable(why, of), of === 'binding' ? binding : undefined);
  });
  for (const { binding, inputs, budget } of evaluations) {
    for (const [index, validation] of (policy.spec?.validations ?? []).entries()) {
      const failure = await failureOf(validation, inputs, budget, index, ignores);
      if (failure) act(binding, failure);
    }
    for (const annotation of policy.spec?.auditAnnotations ?? []) {
      const { key, valueExpression } = annotation;
      const result = await evaluate({ standsIn: annotation, expression: valueExpression }, inputs, budget);
      if (result.ok && typeof result.value === 'string' && result.value)
        annotate(attributes, `${policy.metadata?.name}/${key}`, result.value);
      else if (!result.ok && !ignores) deny(evaluationError(valueExpression, result.error), binding);
    }
  }
}

async function failureOf(
  validation: V1Validation,
  inputs: Inputs,
  budget: Budget,
  index: number,
  ignores: boolean,
): Promise<Failure | undefined> {
  const { expression, message, messageExpression, reason } = validation;
  const at = (text: string) => evaluate({ standsIn: validation, expression: text }, inputs, budget);
  const result = await at(expression);
  if (!result.ok) {
    if (ignores) return undefined;
    return { message: evaluationError(expression, result.error), expression: index };
  }
  if (result.value === true) return undefined;
  const made = messageExpression ? await at(messageExpression) : undefined;
  const own = made?.ok && typeof made.value === 'string' ? made.value.trim() : '';
  const text = (own.includes('\n') ? '' : own) || message?.trim() || `failed expression: ${expression.trim()}`;
  return { message: text, reason, expression: index };
}

/** Does what the binding says is to be done about a failure. */
function enforce(
  attributes: Attributes,
  policy: V1ValidatingAdmissionPolicy,
  binding: V1ValidatingAdmissionPolicyBinding,
  { message, reason, expression }: Failure,
): void {
  const names = namesOf(policy, binding);
  const actions = binding.spec?.validationActions ?? ['Deny'];
  if (actions.includes('Audit')) {
    const failure = {
      message,
      policy: policy.metadata?.name,
      binding: binding.metadata?.name,
      expressionIndex: expression,
      validationActions: actions,
    };
    annotate(attributes, 'validation.policy.admission.k8s.io/validation_failure', JSON.stringify([failure]));
  }
  if (actions.includes('Warn'))
    attributes.context.warnings.push(`Validation failed for ValidatingAdmissionPolicy ${names}: ${message}`);
  if (actions.includes('Deny'))
    throw refusal(attributes, `ValidatingAdmissionPolicy ${names} denied request: ${message}`, reasonOf(reason));
}

function namesOf(policy: V1ValidatingAdmissionPolicy, binding?: V1ValidatingAdmissionPolicyBinding): string {
  return `'${policy.metadata?.name}'${binding ? ` with binding '${binding.metadata?.name}'` : ''}`;
}

function reasonOf(reason: string | undefined) {
  return reason === 'Forbidden' || reason === 'Unauthorized' || reason === 'RequestEntityTooLarge' ? reason : 'Invalid';
}

function annotate({ context }: Attributes, key: string, value: string): void {
  if (context.audit) setOwn(context.audit, key, value);
}
