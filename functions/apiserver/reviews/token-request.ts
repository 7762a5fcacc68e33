// serviceaccounts/token: a new token for a service account, perhaps bound to a pod, secret or node.
// Source: KEP-1205; authentication.k8s.io/v1 TokenRequest.

import { type FieldError, invalid, invalidValue, notSupported } from '../../../core/machinery/field-error.ts';
import * as read from '../../../core/machinery/read-values.ts';
import { conflict, forbidden, notFound } from '../../../core/machinery/status.ts';
import type { RequestContext } from '../../../core/registry/registry.ts';
import type { Bound } from '../authentication/service-account-tokens.ts';
import { nodeOf } from '../authentication/users.ts';
import { findObject } from './find-object.ts';
import { podTokenSeconds } from './pod-audiences.ts';
import type { Review, ReviewParts } from './review.ts';

const minSeconds = 600;
const maxSeconds = 2 ** 32;
const defaultSeconds = 3600;

interface Spec {
  readonly audiences?: string[] | undefined;
  readonly expirationSeconds?: number | undefined;
  readonly boundObjectRef?: Reference | undefined;
}

interface Reference {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly name?: string | undefined;
  readonly uid?: string | undefined;
}

const optionalText = read.optional(read.text(1024));
const readSpec = read.fields<Spec>({
  audiences: read.optional(read.list(100, read.text(1024))),
  expirationSeconds: read.optional(read.number(-(2 ** 63), 2 ** 63)),
  boundObjectRef: read.optional(
    read.fields<Reference>({ kind: optionalText, apiVersion: optionalText, name: optionalText, uid: optionalText }),
  ),
});

export const tokenRequest: Review = async (parts, { context }, object, target) => {
  const namespace = target.namespace ?? '';
  const name = target.name ?? '';
  const { subresource: _, ...account } = target;
  const spec = readSpec(object['spec'] ?? {}, 'spec');
  const expirationSeconds = spec.expirationSeconds ?? defaultSeconds;
  checkSpec(expirationSeconds, spec);
  const node = nodeOf(context.user);
  if (node !== undefined) await checkNodeRequest(parts, context, { namespace, account: name, node }, spec);
  const { object: serviceAccount } = await parts.registry.get(context, account);
  const audiences = spec.audiences?.length ? spec.audiences : parts.tokens.audiences;

  const bound = spec.boundObjectRef && (await resolve(parts, context, namespace, name, spec.boundObjectRef));
  // What was checked is what the token is bound to: the pod may have come anew meanwhile.
  if (node !== undefined && bound?.node?.name !== node)
    throw forbidden(tokenSubject, name, 'node requested token bound to a pod scheduled on a different node');
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

const tokenSubject = { group: '', resource: 'serviceaccounts/token' };

/** NodeRestriction: a node gets the tokens that its pods mount, and no others. Source: KEP-4935 (audiences). */
async function checkNodeRequest(
  parts: ReviewParts,
  context: RequestContext,
  { namespace, account, node }: { namespace: string; account: string; node: string },
  { audiences = [], boundObjectRef: reference, expirationSeconds = defaultSeconds }: Spec,
): Promise<void> {
  const no = (why: string) => forbidden(tokenSubject, account, why);
  if (reference?.apiVersion !== 'v1' || reference.kind !== 'Pod' || !reference.name)
    throw no('node requested token not bound to a pod');
  if (!reference.uid) throw no('node requested token with a pod binding without a uid');
  const pod = await findObject(parts, context, 'pods', namespace, reference.name);
  if (!pod) throw notFound({ group: '', resource: 'pods' }, reference.name);
  if (pod.metadata.uid !== reference.uid)
    throw conflict(
      { group: '', resource: 'pods' },
      reference.name,
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (pod.spec?.nodeName !== node) throw no('node requested token bound to a pod scheduled on a different node');
  if (audiences.length > 1) throw no('node may only request 0 or 1 audiences');
  const [audience = ''] = audiences;
  const longest = await podTokenSeconds(parts, context, pod, audience);
  if (longest === undefined) {
    const decision = await parts.authorizer.authorize({
      user: context.user,
      verb: 'request-serviceaccounts-token-audience',
      isResource: true,
      group: '',
      version: 'v1',
      resource: audience,
      subresource: '',
      namespace,
      name: account,
      path: '',
    });
    if (decision.effect !== 'allow')
      throw no(
        `audience "${audience}" not found in pod spec volume, system:node:${node} is not authorized to request tokens for this audience`,
      );
  } else if (expirationSeconds > longest)
    throw no(`the pod asks for tokens of audience "${audience}" for at most ${longest} seconds`);
}

function checkSpec(expirationSeconds: number, { boundObjectRef }: Spec): void {
  const errors: FieldError[] = [];
  const field = 'spec.expirationSeconds';
  if (!Number.isInteger(expirationSeconds) || expirationSeconds < minSeconds)
    errors.push(invalidValue(field, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  if (expirationSeconds > maxSeconds)
    errors.push(invalidValue(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  const kind = boundObjectRef?.kind;
  if (boundObjectRef && kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node')
    errors.push(notSupported('spec.boundObjectRef.kind', kind ?? '', ['Pod', 'Secret', 'Node']));
  // Another group may have such a kind, too.
  if (boundObjectRef?.apiVersion?.includes('/'))
    errors.push(notSupported('spec.boundObjectRef.apiVersion', boundObjectRef.apiVersion, ['v1']));
  if (errors.length > 0) throw invalid('TokenRequest', 'authentication.k8s.io', '', errors);
}

const resources = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const;

async function resolve(
  { registry, definitions }: ReviewParts,
  context: RequestContext,
  namespace: string,
  account: string,
  reference: Reference,
): Promise<{ bound: Bound; node?: { name: string; uid?: string } }> {
  // checkSpec admits no other kind.
  const kind = reference.kind as Bound['kind'];
  const resource = resources[kind];
  const name = reference.name ?? '';
  const of = kind === 'Node' ? '' : namespace;
  const found = await findObject<string>({ registry, definitions }, context, resource, of, name);
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
  // A mirror pod runs as nobody.
  if (serviceAccountName !== account)
    throw invalid('TokenRequest', 'authentication.k8s.io', '', [
      invalidValue(
        'spec.boundObjectRef.name',
        name,
        `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name`,
      ),
    ]);
  if (!nodeName) return { bound: { kind, name, uid } };
  const node = await findObject({ registry, definitions }, context, 'nodes', '', nodeName);
  const nodeUid = node?.metadata.uid;
  return { bound: { kind, name, uid }, node: { name: nodeName, ...(nodeUid !== undefined && { uid: nodeUid }) } };
}

function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
