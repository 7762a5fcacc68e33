// Whose pipelines a cluster trusts, in one word each: `github:acme`, `gitlab@gitlab.acme.com:group/project`, `buildkite:acme/web`,
// `circleci:ORGANIZATION-ID`, `generic:https://issuer#claim=value`. An issuer of a public service signs for everybody: a trust that names
// nobody, or everybody, is refused.

import { circleci } from './circleci.ts';
import { generic } from './generic.ts';
import { buildkite, github, gitlab } from './repositories.ts';
import { type Provider, TrustError, type Trusted } from './trusted.ts';

const providers: ReadonlyMap<string, Provider> = new Map([
  ['github', github],
  ['gitlab', gitlab],
  ['buildkite', buildkite],
  ['circleci', circleci],
  ['generic', generic],
]);

/** Jobs of pull requests run what their author wrote: they are another matter than what a branch has. */
const pullRequests = '+pull-requests';

/** Throws TrustError, which says what is wrong and what to write. */
export function readTrust(text: string): Trusted {
  const match = /^([a-z]+)(?:@([^:/@]+(?::\d{1,5})?))?:(.*)$/.exec(text);
  const [, name = '', host, rest = ''] = match ?? [];
  const provider = providers.get(name);
  if (!provider)
    throw new TrustError(
      text,
      `write whose pipelines are trusted: ${[...providers].map(([each, { form }]) => `${each}:${form}`).join(', ')}`,
    );
  if (host !== undefined && !isHost(host))
    throw new TrustError(text, `${JSON.stringify(host)} is no host: write one such as git.acme.com`);
  const withPullRequests = rest.endsWith(pullRequests);
  const subject = withPullRequests ? rest.slice(0, -pullRequests.length) : rest;
  if (subject === '' || (name !== 'generic' && subject.includes('*')))
    throw new TrustError(
      text,
      `it would trust everybody who has an account there: name whom, as in ${name}:${provider.form}`,
    );
  return provider.trust({ text, subject, host, withPullRequests });
}

function isHost(host: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?$/i.test(host);
}
