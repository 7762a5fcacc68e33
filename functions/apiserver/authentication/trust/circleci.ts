// CircleCI, whose organizations have an issuer each. Source: CircleCI, "OpenID Connect tokens".

import { literal, type Provider, TrustError } from './trusted.ts';

const id = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const circleci: Provider = {
  form: 'ORGANIZATION-ID[/PROJECT-ID]',
  trust({ text, subject, host, withPullRequests }) {
    if (host !== undefined)
      throw new TrustError(text, 'CircleCI has an issuer for each organization: leave out the host');
    if (withPullRequests)
      throw new TrustError(
        text,
        "CircleCI's tokens do not tell pull requests: whether forks get tokens is a setting of the project there",
      );
    const [organization = '', project, ...more] = subject.split('/');
    if (more.length > 0 || !id.test(organization) || (project !== undefined && !id.test(project)))
      throw new TrustError(text, 'give the ids of the organization and project, as their settings show them (UUIDs)');
    const ofProject = literal('oidc.circleci.com/project-id');
    return {
      text,
      issuer: `https://oidc.circleci.com/org/${organization}`,
      // What CIRCLE_OIDC_TOKEN is for, and nobody can choose.
      audience: organization,
      condition: project === undefined ? `claims[${ofProject}] != ""` : `claims[${ofProject}] == ${literal(project)}`,
      username: `"circleci:" + claims[${ofProject}]`,
    };
  },
};
