// Columns that kinds of admission have in common.

import type {
  V1MutatingAdmissionPolicy,
  V1MutatingAdmissionPolicyBinding,
  V1MutatingWebhookConfiguration,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
  V1ValidatingWebhookConfiguration,
} from '../../../generated/kubernetes.ts';
import { ageColumn, integer, nameColumn, text, unset } from '../../api/column.ts';
import type { Column } from '../../api/definition.ts';

type Webhooks = V1MutatingWebhookConfiguration | V1ValidatingWebhookConfiguration;

type Policy = V1ValidatingAdmissionPolicy | V1MutatingAdmissionPolicy;

type PolicyBinding = V1ValidatingAdmissionPolicyBinding | V1MutatingAdmissionPolicyBinding;

export const webhookColumns: readonly Column[] = [
  nameColumn,
  integer<Webhooks>('Webhooks', ({ webhooks }) => webhooks?.length ?? 0),
  ageColumn,
];

export const paramKind = text<Policy>('ParamKind', ({ spec }) =>
  spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : unset,
);

export const policyBindingColumns: readonly Column[] = [
  nameColumn,
  text<PolicyBinding>('PolicyName', ({ spec }) => spec?.policyName),
  text<PolicyBinding>('ParamRef', ({ spec }) => {
    const reference = spec?.paramRef;
    if (!reference) return unset;
    const name = reference.name || '*';
    return reference.namespace ? `${reference.namespace}/${name}` : name;
  }),
  ageColumn,
];
