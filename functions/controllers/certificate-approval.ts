// Approves certificates that kubelets ask for, for whoever RBAC lets have them: the node itself, or who brings nodes in.
// Source: "Certificates and Certificate Signing Requests", kube-apiserver-client-kubelet; RBAC, selfnodeclient and nodeclient.

import { type PolicyRule, ruleMatcher } from '../../core/authorization/policy-rule.ts';
import type { CertifiedIdentity } from '../../core/certificates/distinguished-name.ts';
import { kubeletClientSigner, refusal, requestedIdentity } from '../../core/certificates/signers.ts';
import { readRequest } from './certificate-request.ts';
import {
  type Action,
  controllerUser,
  defineController,
  type ObjectOf,
  type Snapshot,
  watch,
  watchSelf,
} from './controller.ts';

const type = 'certificates.k8s.io/certificatesigningrequests';
const roles = 'rbac.authorization.k8s.io/clusterroles';
const bindings = 'rbac.authorization.k8s.io/clusterrolebindings';
type Request = ObjectOf<typeof type>;

export const certificateApprovalController = defineController({
  name: 'csrapproving',
  user: controllerUser('certificate-controller'),
  watches: [
    watchSelf(type),
    // A permission that comes later is for those who wait, too.
    watch(bindings, (_event, snapshot: Snapshot<typeof type>) => waiting(snapshot)),
    watch(roles, (_event, snapshot: Snapshot<typeof type>) => waiting(snapshot)),
  ],
  owns: [type],
  async reconcile(snapshot, name): Promise<Action<typeof type>[]> {
    const request = snapshot.get(type, '', name);
    if (!request || !isWaiting(request)) return [];
    const asked = await readRequest(request.spec.request);
    if (!asked || refusal(kubeletClientSigner, asked, request.spec.usages ?? []) !== undefined) return [];
    const grounds = groundsFor(request, requestedIdentity(asked)).find(({ subresource }) =>
      mayCreate(snapshot, request, subresource),
    );
    if (!grounds) return [];
    const condition = {
      type: 'Approved',
      status: 'True',
      reason: 'AutoApproved',
      message: `Auto approving ${grounds.what} kubelet client certificate after SubjectAccessReview.`,
    };
    const status = { ...request.status, conditions: [...(request.status?.conditions ?? []), condition] };
    return [{ do: 'update', type, object: { ...request, status }, subresource: 'approval' }];
  },
});

function waiting(snapshot: Snapshot<'certificates.k8s.io/certificatesigningrequests'>): string[] {
  return snapshot
    .list(type)
    .filter(isWaiting)
    .map(({ metadata }) => metadata.name);
}

function isWaiting({ spec, status }: Request): boolean {
  const decided = status?.conditions?.some((each) => each.type === 'Approved' || each.type === 'Denied');
  return spec.signerName === kubeletClientSigner && !decided && !status?.certificate;
}

function groundsFor({ spec }: Request, { commonName }: CertifiedIdentity) {
  const own = spec.username === commonName ? [{ what: 'self node', subresource: 'selfnodeclient' }] : [];
  return [...own, { what: 'node', subresource: 'nodeclient' }];
}

/** What a SubjectAccessReview would say: the request is of the cluster, so that only what is granted in all of it counts. */
function mayCreate(
  snapshot: Snapshot<'rbac.authorization.k8s.io/clusterrolebindings' | 'rbac.authorization.k8s.io/clusterroles'>,
  { spec }: Request,
  subresource: string,
): boolean {
  const groups = spec.groups ?? [];
  if (groups.includes('system:masters')) return true;
  const access = {
    verb: 'create',
    isResource: true,
    group: 'certificates.k8s.io',
    resource: 'certificatesigningrequests',
    subresource,
    name: '',
    path: '',
  };
  return snapshot.list(bindings).some((binding) => {
    const { roleRef, subjects = [] } = binding;
    if (!subjects.some((each) => names(each, spec.username ?? '', groups))) return false;
    // Stored roles have rules of this shape: they were validated as ClusterRoles.
    const rules = (snapshot.get(roles, '', roleRef.name)?.rules ?? []) as readonly PolicyRule[];
    return rules.some((rule) => ruleMatcher(rule).matches(access));
  });
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

function names({ kind, name, namespace }: Subject, username: string, groups: readonly string[]): boolean {
  if (kind === 'Group') return groups.includes(name);
  return username === (kind === 'ServiceAccount' ? `system:serviceaccount:${namespace}:${name}` : name);
}
