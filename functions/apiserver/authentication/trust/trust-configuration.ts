// From whom is trusted to what a cluster is told: an AuthenticationConfiguration, and objects that let those run jobs in one namespace.

import type { V1Namespace, V1Role, V1RoleBinding } from '../../../../generated/kubernetes.ts';
import type { AuthenticationConfiguration, JwtAuthenticator } from '../jwt/configuration-types.ts';
import { readTrust } from './trust.ts';
import { literal, TrustError, type Trusted } from './trusted.ts';

export interface TrustOptions {
  /** Such as `github:acme`. */
  readonly trust: readonly string[];
  /** That tokens must be for. */
  readonly audience: string;
  /** Where they may run jobs. */
  readonly namespace: string;
  /** PEM, for issuers that are not of a public service. */
  readonly certificateAuthority?: string;
}

export const trustDefaults = { audience: 'zeroplane', namespace: 'ci' } as const;

const name = 'zeroplane-run';

/** Throws TrustError. */
export function trustConfiguration({ trust, audience, certificateAuthority }: TrustOptions): Required<
  Pick<AuthenticationConfiguration, 'jwt'>
> & {
  readonly apiVersion: string;
  readonly kind: string;
} {
  const issuers = new Map<string, Trusted[]>();
  for (const each of trust.map(readTrust)) {
    const same = issuers.get(each.issuer) ?? [];
    if (same.some(({ text }) => text === each.text)) throw new TrustError(each.text, 'it is given twice');
    issuers.set(each.issuer, [...same, each]);
  }
  return {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [...issuers.values()].map((trusted) => authenticator(trusted, audience, certificateAuthority)),
  };
}

function authenticator(trusted: readonly Trusted[], audience: string, ca: string | undefined): JwtAuthenticator {
  // as: a group of an issuer has one at least.
  const { issuer, username, refGroup, audience: own } = trusted[0] as Trusted;
  const groups = trusted.map(({ text, condition }) => `(${condition} ? [${literal(groupOf(text))}] : [])`);
  if (refGroup !== undefined) groups.push(`[${refGroup}]`);
  return {
    issuer: {
      url: issuer,
      audiences: own === undefined ? [audience] : [own, audience],
      ...(own !== undefined && { audienceMatchPolicy: 'MatchAny' }),
      ...(ca !== undefined && !isPublic(trusted) && { certificateAuthority: ca }),
    },
    claimValidationRules: [
      {
        expression: trusted.map(({ condition }) => `(${condition})`).join(' || '),
        message: `only ${trusted.map(({ text }) => text).join(', ')}`,
      },
    ],
    claimMappings: { username: { expression: username }, groups: { expression: groups.join(' + ') } },
  };
}

/** Services that everybody's roots vouch for. */
function isPublic(trusted: readonly Trusted[]): boolean {
  return trusted.every(({ text }) => /^(?:github|gitlab|buildkite|circleci):/.test(text));
}

/** Of all whom a trust lets in. */
function groupOf(trust: string): string {
  return `zeroplane:trust:${trust}`;
}

const run: V1Role['rules'] = [
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['events'], verbs: ['list'] },
  // Files and variables of a run. Not to be read: what a Secret says, only a pod of the namespace is told.
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
];

/**
 * A namespace whose pods get nothing of their node (Pod Security Standards, baseline): who may run jobs may run any pod there, as any of its
 * accounts, with any of its Secrets.
 */
export function trustObjects({ trust, namespace }: TrustOptions): [V1Namespace, V1Role, V1RoleBinding] {
  const apiGroup = 'rbac.authorization.k8s.io';
  const metadata = { name, namespace };
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
    },
    { apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata, rules: run },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'Role', name },
      subjects: trust.map((each) => ({ kind: 'Group', apiGroup, name: groupOf(readTrust(each).text) })),
    },
  ];
}
