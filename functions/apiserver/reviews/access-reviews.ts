// May they? SubjectAccessReview and its relatives, answered by the authorizer that guards the API itself.
// Source: authorization.k8s.io/v1.

import type { Attributes } from '../../../core/authorization/authorizer.ts';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { forbiddenField, invalid, invalidValue, required } from '../../../core/machinery/field-error.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import type {
  V1NonResourceAttributes,
  V1ResourceAttributes,
  V1SubjectAccessReviewSpec,
} from '../../../generated/kubernetes.ts';
import type { Review, ReviewParts } from './review.ts';
import { selectorsOf, validateSelectors } from './review-selectors.ts';

export const subjectAccessReview: Review = async (parts, _exchange, object) => {
  const spec = specOf(object, 'SubjectAccessReview');
  return decide(parts, object, userOf(spec, 'SubjectAccessReview'), spec);
};

export const localSubjectAccessReview: Review = async (parts, { info }, object) => {
  const kind = 'LocalSubjectAccessReview';
  const spec = specOf(object, kind);
  const namespace = spec.resourceAttributes?.namespace;
  if (spec.nonResourceAttributes || !spec.resourceAttributes)
    throw refuse(kind, forbiddenField('spec.nonResourceAttributes', 'disallowed on this kind of request'));
  if (namespace !== info.namespace)
    throw refuse(
      kind,
      invalidValue('spec.resourceAttributes.namespace', namespace ?? '', 'must match metadata.namespace'),
    );
  return decide(parts, object, userOf(spec, kind), spec);
};

export const selfSubjectAccessReview: Review = async (parts, { context }, object) =>
  decide(parts, object, context.user, specOf(object, 'SelfSubjectAccessReview'));

type Spec = Partial<V1SubjectAccessReviewSpec>;

function specOf(object: KubeObject, kind: string): Spec {
  // Both kinds of attributes are read field by field, missing ones as empty.
  const spec = (object['spec'] ?? {}) as Spec;
  if (spec.resourceAttributes && spec.nonResourceAttributes)
    throw refuse(
      kind,
      invalidValue(
        'spec.nonResourceAttributes',
        spec.nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    );
  if (!spec.resourceAttributes && !spec.nonResourceAttributes)
    throw refuse(
      kind,
      invalidValue(
        'spec.resourceAttributes',
        // Kubernetes shows no value as this text.
        'null',
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    );
  const errors = spec.resourceAttributes ? validateSelectors(spec.resourceAttributes) : [];
  if (errors.length > 0) throw invalid(kind, 'authorization.k8s.io', '', errors);
  return spec;
}

function userOf(spec: Spec, kind: string): UserInfo {
  if (!spec.user && !spec.groups?.length)
    throw refuse(kind, required('spec.user', 'at least one of user or group must be specified'));
  return {
    username: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid !== undefined && { uid: spec.uid }),
    ...(spec.extra && { extra: spec.extra }),
  };
}

function refuse(kind: string, error: Parameters<typeof invalid>[3][number]) {
  return invalid(kind, 'authorization.k8s.io', '', [error]);
}

async function decide(
  { authorizer }: ReviewParts,
  object: KubeObject,
  user: UserInfo,
  spec: Spec,
): Promise<KubeObject> {
  const { selectors, leftOut } = selectorsOf(spec.resourceAttributes ?? {});
  const attributes = spec.resourceAttributes
    ? { ...ofResource(user, spec.resourceAttributes), ...selectors }
    : ofPath(user, spec.nonResourceAttributes ?? {});
  const { effect, reason } = await authorizer.authorize(attributes);
  return {
    ...object,
    status: {
      allowed: effect === 'allow',
      ...(effect === 'deny' && { denied: true }),
      ...(reason !== '' && { reason }),
      ...(leftOut.length > 0 && { evaluationError: leftOut.join('; ') }),
    },
  };
}

const empty = {
  isResource: true,
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  path: '',
};

function ofResource(user: UserInfo, given: V1ResourceAttributes): Attributes {
  return {
    ...empty,
    user,
    verb: given.verb ?? '',
    group: given.group ?? '',
    version: given.version ?? '',
    resource: given.resource ?? '',
    subresource: given.subresource ?? '',
    namespace: given.namespace ?? '',
    name: given.name ?? '',
  };
}

function ofPath(user: UserInfo, given: V1NonResourceAttributes): Attributes {
  return { ...empty, isResource: false, user, verb: given.verb ?? '', path: given.path ?? '' };
}
