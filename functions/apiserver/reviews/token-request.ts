// serviceaccounts/token: a new token for a service account, perhaps bound to a pod, secret or node.
// Source: KEP-1205; authentication.k8s.io/v1 TokenRequest.

import { type FieldError, invalid, invalidValue, notSupported } from '../../../core/machinery/field-error.ts';
import { isInteger } from '../../../core/machinery/json.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import { conflict, forbidden, hasReason, notFound } from '../../../core/machinery/status.ts';
import type { RequestContext, Target } from '../../../core/registry/registry.ts';
import type { Bound } from '../authentication/service-account-tokens.ts';
import { nodeOf } from '../authentication/users.ts';
import type { Review, ReviewParts } from './reviews.ts';

const minSeconds = 600;
const maxSeconds = 2 ** 32;
const defaultSeconds = 3600;

interface Spec {
  audiences?: string[] | null;
  expirationSeconds?: number | null;
  boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string } | null;
}

export const tokenRequest: Review = async (parts, { context }, object, target) => {
  const namespace = target.namespace ?? '';
  const name = target.name ?? '';
  const { subresource: _, ...account } = target;
  const { object: serviceAccount } = await parts.registry.get(context, account);
  const spec = (object['spec'] ?? {}) as Spec;
  const expirationSeconds = spec.expirationSeconds ?? defaultSeconds;
  checkSpec(expirationSeconds, spec);
  const audiences = spec.audiences?.length ? spec.audiences : parts.tokens.audiences;

  const bound = spec.boundObjectRef && (await resolve(parts, context, namespace, name, spec.boundObjectRef));
  const asker = nodeOf(context.user);
  // NodeRestriction: a node gets tokens for the pods that it runs, and for nothing else.
  if (asker !== undefined && (bound?.bound.kind !== 'Pod' || bound.node?.name !== asker))
    throw forbidden(
      { group: '', resource: 'serviceaccounts/token' },
      name,
      `node "${asker}" requests tokens for pods bound to it only`,
    );
  const issued = await parts.tokens.issue({
    namespace,
    serviceAccount: { name, uid: serviceAccount.metadata.uid ?? '' },
    audiences,
    expirationSeconds,
    ...(bound && { bound: bound.bound }),
    ...(bound?.node && { node: bound.node }),
  });
  return {
    ...object,
    metadata: { ...object.metadata, name, namespace, creationTimestamp: seconds(parts.now()) },
    spec: { ...spec, audiences: [...audiences], expirationSeconds },
    status: { token: issued.token, expirationTimestamp: seconds(issued.expires) },
  };
};

function checkSpec(expirationSeconds: number, { boundObjectRef }: Spec): void {
  const errors: FieldError[] = [];
  const field = 'spec.expirationSeconds';
  if (!isInteger(expirationSeconds) || expirationSeconds < minSeconds)
    errors.push(invalidValue(field, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  if (expirationSeconds > maxSeconds)
    errors.push(invalidValue(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  const kind = boundObjectRef?.kind;
  if (boundObjectRef && kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node')
    errors.push(notSupported('spec.boundObjectRef.kind', kind ?? '', ['Pod', 'Secret', 'Node']));
  if (errors.length > 0) throw invalid('TokenRequest', 'authentication.k8s.io', '', errors);
}

const resources = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const;

async function resolve(
  { registry, definitions }: ReviewParts,
  context: RequestContext,
  namespace: string,
  account: string,
  reference: NonNullable<Spec['boundObjectRef']>,
): Promise<{ bound: Bound; node?: { name: string; uid?: string } }> {
  // checkSpec admits no other kind.
  const kind = reference.kind as Bound['kind'];
  const resource = resources[kind];
  const name = reference.name ?? '';
  const found = await find({ registry, definitions }, context, resource, kind === 'Node' ? '' : namespace, name);
  if (!found) throw notFound({ group: '', resource }, name);
  const uid = found.metadata.uid ?? '';
  if (reference.uid && reference.uid !== uid)
    throw conflict(
      { group: '', resource },
      name,
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  if (kind !== 'Pod') return { bound: { kind, name, uid } };

  const { serviceAccountName, nodeName } = (found['spec'] ?? {}) as { serviceAccountName?: string; nodeName?: string };
  if ((serviceAccountName || 'default') !== account)
    throw invalid('TokenRequest', 'authentication.k8s.io', '', [
      invalidValue(
        'spec.boundObjectRef.name',
        name,
        `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name`,
      ),
    ]);
  if (!nodeName) return { bound: { kind, name, uid } };
  const node = await find({ registry, definitions }, context, 'nodes', '', nodeName);
  const nodeUid = node?.metadata.uid;
  return { bound: { kind, name, uid }, node: { name: nodeName, ...(nodeUid !== undefined && { uid: nodeUid }) } };
}

async function find(
  { registry, definitions }: Pick<ReviewParts, 'registry' | 'definitions'>,
  context: RequestContext,
  resource: string,
  namespace: string,
  name: string,
): Promise<KubeObject | undefined> {
  const definition = definitions.find('', 'v1', resource);
  if (!definition || name === '') return undefined;
  const target: Target = { definition, name, ...(namespace !== '' && { namespace }) };
  try {
    return (await registry.get(context, target)).object;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
