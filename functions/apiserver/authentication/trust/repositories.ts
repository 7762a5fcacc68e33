// CI services whose tokens name an owner and a repository or pipeline of theirs.

import { literal, type Provider, TrustError, type TrustSubject } from './trusted.ts';

const ownerOrRepository = 'ORGANIZATION or github:ORGANIZATION/REPOSITORY';

/**
 * Source: GitHub, "OpenID Connect reference". `pull_request_target` runs with the rights of the repository and may check out what a fork
 * has: it is never let in. A pull request from a fork gets no token; one of the repository's own branches does.
 */
export const github: Provider = {
  form: 'ORGANIZATION[/REPOSITORY]',
  trust({ text, subject, host, withPullRequests }) {
    const [owner = '', repository, ...more] = subject.toLowerCase().split('/');
    if (!/^[a-z0-9](?:[a-z0-9-]{0,37}[a-z0-9])?$/.test(owner))
      throw new TrustError(
        text,
        `${JSON.stringify(owner)} is no organization or user of GitHub: write github:${ownerOrRepository}`,
      );
    if (more.length > 0 || (repository !== undefined && !/^[a-z0-9._-]{1,100}$/.test(repository)))
      throw new TrustError(
        text,
        `${JSON.stringify(subject)} is no repository of GitHub: write github:${ownerOrRepository}`,
      );
    const belongs =
      repository === undefined
        ? `claims.repository_owner.lowerAscii() == ${literal(owner)}`
        : `claims.repository.lowerAscii() == ${literal(`${owner}/${repository}`)}`;
    const events = withPullRequests ? ['pull_request_target'] : ['pull_request', 'pull_request_target'];
    const prefix = literal(`github${at(host)}:`);
    return {
      text,
      issuer: host === undefined ? 'https://token.actions.githubusercontent.com' : `https://${host}/_services/token`,
      condition: `${belongs} && !(claims.event_name in ${JSON.stringify(events)})`,
      username: `${prefix} + claims.repository`,
      refGroup: `${prefix} + claims.repository + ":" + claims.ref`,
    };
  },
};

/**
 * Source: GitLab, "OpenID Connect (OIDC) Authentication Using ID Tokens". A fork's pipeline is of the fork's project. A member may run one
 * for a fork's merge request in the project itself: that is no branch of it.
 */
export const gitlab: Provider = {
  form: 'GROUP[/PROJECT]',
  trust({ text, subject, host, withPullRequests }) {
    const path = subject.toLowerCase();
    if (!/^[a-z0-9_][a-z0-9._-]*(?:\/[a-z0-9_][a-z0-9._-]*){0,20}$/.test(path))
      throw new TrustError(
        text,
        `${JSON.stringify(subject)} is no group or project of GitLab: write gitlab:GROUP or gitlab:GROUP/PROJECT`,
      );
    const prefix = literal(`gitlab${at(host)}:`);
    const mergeRequests = withPullRequests ? '' : ' && claims.pipeline_source != "merge_request_event"';
    return {
      text,
      issuer: `https://${host ?? 'gitlab.com'}`,
      // With the slash, so that `acme` is not `acmeville`.
      condition: `(claims.project_path.lowerAscii() + "/").startsWith(${literal(`${path}/`)})${mergeRequests}`,
      username: `${prefix} + claims.project_path`,
      refGroup: `${prefix} + claims.project_path + ":" + claims.ref_path`,
    };
  },
};

/** Source: Buildkite, "buildkite-agent oidc". Branches of forks are called `owner:branch`. */
export const buildkite: Provider = {
  form: 'ORGANIZATION[/PIPELINE]',
  trust({ text, subject, host, withPullRequests }: TrustSubject) {
    if (host !== undefined) throw new TrustError(text, 'Buildkite has one issuer: leave out the host');
    const [organization = '', pipeline, ...more] = subject.split('/');
    const slugs = pipeline === undefined ? [organization] : [organization, pipeline];
    if (more.length > 0 || !slugs.every((slug) => /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(slug)))
      throw new TrustError(
        text,
        `${JSON.stringify(subject)} is no slug of Buildkite: write buildkite:ORGANIZATION or buildkite:ORGANIZATION/PIPELINE`,
      );
    const inPipeline = pipeline === undefined ? '' : ` && claims.pipeline_slug == ${literal(pipeline)}`;
    const forks = withPullRequests ? '' : ' && !claims.build_branch.contains(":")';
    return {
      text,
      issuer: 'https://agent.buildkite.com',
      condition: `claims.organization_slug == ${literal(organization)}${inPipeline}${forks}`,
      username: '"buildkite:" + claims.organization_slug + "/" + claims.pipeline_slug',
      refGroup: '"buildkite:" + claims.organization_slug + "/" + claims.pipeline_slug + ":" + claims.build_branch',
    };
  },
};

function at(host: string | undefined): string {
  return host === undefined ? '' : `@${host}`;
}
