// Columns of access control, certificates, admission, extension, scheduling and device kinds.

import type {
  ResourceV1ResourceClaim,
  V1APIService,
  V1CertificateSigningRequest,
  V1ClusterRoleBinding,
  V1FlowSchema,
  V1MutatingAdmissionPolicy,
  V1MutatingAdmissionPolicyBinding,
  V1MutatingWebhookConfiguration,
  V1PriorityClass,
  V1PriorityLevelConfiguration,
  V1ResourceSlice,
  V1RoleBinding,
  V1RuntimeClass,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
  V1ValidatingWebhookConfiguration,
} from '../../../generated/kubernetes.ts';
import { humanDuration } from '../../machinery/time.ts';
import type { Column } from '../definition.ts';
import { ageColumn, boolean, integer, isDeleting, nameColumn, none, text, unset, wide } from './column.ts';

type AnyBinding = V1RoleBinding | V1ClusterRoleBinding;
type Webhooks = V1MutatingWebhookConfiguration | V1ValidatingWebhookConfiguration;
type Policy = V1ValidatingAdmissionPolicy | V1MutatingAdmissionPolicy;
type PolicyBinding = V1ValidatingAdmissionPolicyBinding | V1MutatingAdmissionPolicyBinding;

const bindingColumns: readonly Column[] = [
  nameColumn,
  text<AnyBinding>('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  wide(text<AnyBinding>('Users', (binding) => subjects(binding, 'User'))),
  wide(text<AnyBinding>('Groups', (binding) => subjects(binding, 'Group'))),
  wide(text<AnyBinding>('ServiceAccounts', (binding) => subjects(binding, 'ServiceAccount'))),
];

const webhookColumns: readonly Column[] = [
  nameColumn,
  integer<Webhooks>('Webhooks', ({ webhooks }) => webhooks?.length ?? 0),
  ageColumn,
];

const paramKind = text<Policy>('ParamKind', ({ spec }) =>
  spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : unset,
);

const policyBindingColumns: readonly Column[] = [
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

export const policyColumns: Readonly<Record<string, readonly Column[]>> = {
  'rolebindings.rbac.authorization.k8s.io': bindingColumns,
  'clusterrolebindings.rbac.authorization.k8s.io': bindingColumns,
  'certificatesigningrequests.certificates.k8s.io': [
    nameColumn,
    ageColumn,
    text<V1CertificateSigningRequest>('SignerName', ({ spec }) => spec.signerName || none),
    text<V1CertificateSigningRequest>('Requestor', ({ spec }) => spec.username),
    text<V1CertificateSigningRequest>('RequestedDuration', ({ spec }) =>
      spec.expirationSeconds === undefined ? none : humanDuration(spec.expirationSeconds * 1000),
    ),
    text<V1CertificateSigningRequest>('Condition', signingCondition),
  ],
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookColumns,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookColumns,
  'validatingadmissionpolicies.admissionregistration.k8s.io': [
    nameColumn,
    integer<V1ValidatingAdmissionPolicy>('Validations', ({ spec }) => spec?.validations?.length ?? 0),
    paramKind,
    ageColumn,
  ],
  'mutatingadmissionpolicies.admissionregistration.k8s.io': [
    nameColumn,
    integer<V1MutatingAdmissionPolicy>('Mutations', ({ spec }) => spec?.mutations?.length ?? 0),
    paramKind,
    ageColumn,
  ],
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindingColumns,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindingColumns,
  'apiservices.apiregistration.k8s.io': [
    nameColumn,
    text<V1APIService>('Service', ({ spec }) =>
      spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local',
    ),
    text<V1APIService>('Available', ({ status }) => {
      const available = status?.conditions?.find((each) => each.type === 'Available');
      if (!available) return 'Unknown';
      return available.status === 'True' || !available.reason
        ? available.status
        : `${available.status} (${available.reason})`;
    }),
    ageColumn,
  ],
  'priorityclasses.scheduling.k8s.io': [
    nameColumn,
    integer<V1PriorityClass>('Value', ({ value }) => value),
    boolean<V1PriorityClass>('Global-Default', ({ globalDefault }) => globalDefault ?? false),
    ageColumn,
    text<V1PriorityClass>('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
  ],
  'runtimeclasses.node.k8s.io': [nameColumn, text<V1RuntimeClass>('Handler', ({ handler }) => handler), ageColumn],
  'flowschemas.flowcontrol.apiserver.k8s.io': [
    nameColumn,
    text<V1FlowSchema>('PriorityLevel', ({ spec }) => spec?.priorityLevelConfiguration.name),
    integer<V1FlowSchema>('MatchingPrecedence', ({ spec }) => spec?.matchingPrecedence ?? 0),
    text<V1FlowSchema>('DistinguisherMethod', ({ spec }) => spec?.distinguisherMethod?.type ?? none),
    ageColumn,
    text<V1FlowSchema>('MissingPL', ({ status }) => {
      return status?.conditions?.find((each) => each.type === 'Dangling')?.status ?? '?';
    }),
  ],
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': [
    nameColumn,
    text<V1PriorityLevelConfiguration>('Type', ({ spec }) => spec?.type),
    text<V1PriorityLevelConfiguration>('NominalConcurrencyShares', ({ spec }) =>
      String((spec?.limited ?? spec?.exempt)?.nominalConcurrencyShares ?? none),
    ),
    text<V1PriorityLevelConfiguration>('Queues', (level) => String(queuing(level)?.queues ?? none)),
    text<V1PriorityLevelConfiguration>('HandSize', (level) => String(queuing(level)?.handSize ?? none)),
    text<V1PriorityLevelConfiguration>('QueueLengthLimit', (level) => String(queuing(level)?.queueLengthLimit ?? none)),
    ageColumn,
  ],
  'deviceclasses.resource.k8s.io': [nameColumn, ageColumn],
  'resourceclaimtemplates.resource.k8s.io': [nameColumn, ageColumn],
  'resourceclaims.resource.k8s.io': [nameColumn, text<ResourceV1ResourceClaim>('State', claimState), ageColumn],
  'resourceslices.resource.k8s.io': [
    nameColumn,
    text<V1ResourceSlice>('Node', ({ spec }) => spec?.nodeName ?? ''),
    text<V1ResourceSlice>('Driver', ({ spec }) => spec?.driver),
    text<V1ResourceSlice>('Pool', ({ spec }) => spec?.pool.name),
    ageColumn,
  ],
};

function subjects({ subjects: all = [] }: AnyBinding, kind: string): string {
  return all
    .filter((each) => each.kind === kind)
    .map((each) => (kind === 'ServiceAccount' ? `${each.namespace}/${each.name}` : each.name))
    .join(', ');
}

function signingCondition({ status }: V1CertificateSigningRequest): string {
  const found = new Set((status?.conditions ?? []).map((each) => each.type));
  const decision = found.has('Denied') ? 'Denied' : found.has('Approved') ? 'Approved' : 'Pending';
  const words = [decision, ...(found.has('Failed') ? ['Failed'] : []), ...(status?.certificate ? ['Issued'] : [])];
  return words.join(',');
}

function queuing({ spec }: V1PriorityLevelConfiguration) {
  return spec?.limited?.limitResponse?.queuing;
}

function claimState(claim: ResourceV1ResourceClaim): string {
  const { status } = claim;
  const words = [
    ...(isDeleting(claim) ? ['deleted'] : []),
    ...(status?.allocation ? ['allocated'] : []),
    ...(status?.reservedFor?.length ? ['reserved'] : []),
  ];
  return words.length === 0 ? 'pending' : words.join(',');
}
