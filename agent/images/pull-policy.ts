// Which images of this node are for all of its pods, and which only for pods that could pull them (KEP-2535). Pure.
// Source: KubeletConfiguration, imagePullCredentialsVerificationPolicy and preloadedImagesVerificationAllowlist.

export const verificationPolicies = [
  'NeverVerify',
  'NeverVerifyPreloadedImages',
  'NeverVerifyAllowlistedImages',
  'AlwaysVerify',
] as const;
export type VerificationPolicy = (typeof verificationPolicies)[number];

export interface Verification {
  readonly policy: VerificationPolicy;
  /** Repositories without tag and digest, or all below one: `registry.example/team/*`. */
  readonly allowlist: readonly string[];
}

/** `pulledHere`: this agent pulled it, or tried to. */
export function mustVerify({ policy, allowlist }: Verification, image: string, pulledHere: boolean): boolean {
  switch (policy) {
    case 'NeverVerify':
      return false;
    case 'NeverVerifyPreloadedImages':
      return pulledHere;
    case 'NeverVerifyAllowlistedImages':
      return !allowlist.some((each) => covers(each, repositoryOf(image)));
    case 'AlwaysVerify':
      return true;
  }
}

/** What is wrong with an entry of the allowlist; undefined: nothing. */
export function allowlistFault(entry: string): string | undefined {
  const name = entry.endsWith('/*') ? entry.slice(0, -2) : entry;
  if (!name || name.includes('*') || /\s/.test(name))
    return `"${entry}" is no repository, nor one with "/*" at its end`;
  const last = name.slice(name.lastIndexOf('/') + 1);
  return name.includes('@') || (name.includes('/') && last.includes(':'))
    ? `"${entry}" has a tag or a digest: give the repository alone`
    : undefined;
}

function covers(entry: string, repository: string): boolean {
  return entry.endsWith('/*') ? repository.startsWith(entry.slice(0, -1)) : repository === repositoryOf(entry);
}

/** The full name of an image's repository, without tag and digest: `docker.io/library/busybox`. */
export function repositoryOf(image: string): string {
  const [named = ''] = image.split('@');
  const slash = named.lastIndexOf('/');
  const colon = named.lastIndexOf(':');
  const name = colon > slash ? named.slice(0, colon) : named;
  const [first = '', ...rest] = name.split('/');
  if (rest.length > 0 && isRegistry(first)) {
    const path = rest.join('/');
    if (first !== 'docker.io' && first !== 'index.docker.io') return name;
    return `docker.io/${path.includes('/') ? path : `library/${path}`}`;
  }
  return `docker.io/${rest.length > 0 ? name : `library/${name}`}`;
}

/** The first part of a name is a registry's when it cannot be a user's of Docker Hub. */
export function isRegistry(first: string): boolean {
  return first.includes('.') || first.includes(':') || first === 'localhost';
}
