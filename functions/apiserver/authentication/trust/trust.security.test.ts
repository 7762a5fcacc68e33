// Whom a trust lets in: each preset is tried with the tokens of its own pipelines, and with those of everybody else who has an account.

import { describe, expect, it } from 'vitest';
import { userOfClaims } from '../jwt/claims.ts';
import { readAuthenticationConfiguration } from '../jwt/configuration.ts';
import { trustConfiguration, trustObjects } from './trust-configuration.ts';

const options = { audience: 'zeroplane', namespace: 'ci' };

async function judge(trust: readonly string[], claims: Readonly<Record<string, unknown>>, at = 0) {
  const text = JSON.stringify(trustConfiguration({ ...options, trust }));
  const jwt = (await readAuthenticationConfiguration(text)).jwt?.[at];
  if (!jwt) throw new Error('no issuer');
  try {
    return userOfClaims(jwt)(claims);
  } catch {
    return 'refused';
  }
}

const onGithub = { repository: 'Acme/web', repository_owner: 'Acme', ref: 'refs/heads/main', event_name: 'push' };
const onGitlab = {
  project_path: 'acme/team/web',
  namespace_path: 'acme/team',
  ref_path: 'refs/heads/main',
  pipeline_source: 'push',
};
const onBuildkite = { organization_slug: 'acme', pipeline_slug: 'web', build_branch: 'main' };
const [organization, project] = ['01234567-89ab-cdef-0123-456789abcdef', '11111111-2222-3333-4444-555555555555'];
const onCircleci = { 'oidc.circleci.com/project-id': project };

describe('a trust lets in', () => {
  it.each([
    ['github:acme', onGithub, 'github:Acme/web', 'github:Acme/web:refs/heads/main'],
    ['github:acme/Web', onGithub, 'github:Acme/web', 'github:Acme/web:refs/heads/main'],
    [
      'github@git.acme.com:acme',
      onGithub,
      'github@git.acme.com:Acme/web',
      'github@git.acme.com:Acme/web:refs/heads/main',
    ],
    [
      'github:acme+pull-requests',
      { ...onGithub, event_name: 'pull_request', ref: 'refs/pull/1/merge' },
      'github:Acme/web',
      'github:Acme/web:refs/pull/1/merge',
    ],
    ['gitlab:acme', onGitlab, 'gitlab:acme/team/web', 'gitlab:acme/team/web:refs/heads/main'],
    ['gitlab:acme/team/web', onGitlab, 'gitlab:acme/team/web', 'gitlab:acme/team/web:refs/heads/main'],
    ['buildkite:acme', onBuildkite, 'buildkite:acme/web', 'buildkite:acme/web:main'],
    ['buildkite:acme/web', onBuildkite, 'buildkite:acme/web', 'buildkite:acme/web:main'],
    [`circleci:${organization}`, onCircleci, `circleci:${project}`, undefined],
    [`circleci:${organization}/${project}`, onCircleci, `circleci:${project}`, undefined],
    ['generic:https://ci.acme.com#sub=deployer', { sub: 'deployer' }, 'https://ci.acme.com#deployer', undefined],
    [
      'generic:https://ci.acme.com#team=a&sub=dep*',
      { sub: 'deployer', team: 'a' },
      'https://ci.acme.com#deployer',
      undefined,
    ],
  ])('%s: %j', async (trust, claims, username, group) => {
    const groups = [`zeroplane:trust:${trust}`, ...(group === undefined ? [] : [group])];
    expect(await judge([trust], claims)).toEqual({ username, groups });
  });

  it('several at one issuer, each into its own group', async () => {
    const trust = ['github:acme', 'github:beta/web'];
    const beta = { ...onGithub, repository: 'beta/web', repository_owner: 'beta' };
    expect(await judge(trust, onGithub)).toMatchObject({
      groups: ['zeroplane:trust:github:acme', 'github:Acme/web:refs/heads/main'],
    });
    expect(await judge(trust, beta)).toMatchObject({
      groups: ['zeroplane:trust:github:beta/web', 'github:beta/web:refs/heads/main'],
    });
    expect(await judge(trust, { ...beta, repository: 'beta/other' })).toBe('refused');
    expect(trustObjects({ ...options, trust })[2].subjects?.map(({ name }) => name)).toEqual([
      'zeroplane:trust:github:acme',
      'zeroplane:trust:github:beta/web',
    ]);
  });
});

describe('a trust refuses', () => {
  const none = (claims: object, name: string) =>
    Object.fromEntries(Object.entries(claims).filter(([each]) => each !== name));
  it.each([
    // Other owners, and names that only begin or end alike.
    ['github:acme', { ...onGithub, repository: 'other/web', repository_owner: 'other' }],
    ['github:acme', { ...onGithub, repository: 'acme-evil/web', repository_owner: 'acme-evil' }],
    ['github:acme', { ...onGithub, repository_owner: 'evil', repository: 'acme/web' }],
    ['github:acme/web', { ...onGithub, repository: 'Acme/web2' }],
    ['github:acme/web', { ...onGithub, repository: 'evil/web', repository_owner: 'evil' }],
    ['gitlab:acme', { ...onGitlab, project_path: 'acmeville/web' }],
    ['gitlab:acme/team', { ...onGitlab, project_path: 'acme/teamwork/web' }],
    ['gitlab:acme', { ...onGitlab, project_path: 'evil/acme/web' }],
    ['buildkite:acme', { ...onBuildkite, organization_slug: 'acme2' }],
    ['buildkite:acme/web', { ...onBuildkite, pipeline_slug: 'web-2' }],
    [`circleci:${organization}/${project}`, { 'oidc.circleci.com/project-id': organization }],
    ['generic:https://ci.acme.com#sub=deployer', { sub: 'deployer2' }],
    ['generic:https://ci.acme.com#team=a&sub=dep*', { sub: 'deployer', team: 'b' }],
    // What runs the code of a pull request, or of a fork.
    ['github:acme', { ...onGithub, event_name: 'pull_request' }],
    ['github:acme', { ...onGithub, event_name: 'pull_request_target' }],
    ['github:acme+pull-requests', { ...onGithub, event_name: 'pull_request_target' }],
    ['gitlab:acme', { ...onGitlab, pipeline_source: 'merge_request_event' }],
    ['gitlab:acme', { ...onGitlab, project_path: 'somebody/web' }],
    ['buildkite:acme', { ...onBuildkite, build_branch: 'somebody:main' }],
    // Tokens that do not say it, or say it in another type.
    ['github:acme', none(onGithub, 'event_name')],
    ['github:acme', none(onGithub, 'repository_owner')],
    ['github:acme', { ...onGithub, repository_owner: ['acme'] }],
    ['gitlab:acme', none(onGitlab, 'pipeline_source')],
    ['buildkite:acme', none(onBuildkite, 'build_branch')],
    [`circleci:${organization}`, {}],
    ['generic:https://ci.acme.com#sub=deployer', {}],
  ])('%s: %j', async (trust, claims) => {
    expect(await judge([trust], claims)).toBe('refused');
  });
});

it.each([
  ['github:*', 'everybody who has an account'],
  ['github:', 'everybody who has an account'],
  ['github', 'write whose pipelines are trusted'],
  ['github:acme*', 'everybody who has an account'],
  ['github:acme/*', 'everybody who has an account'],
  ['github:+pull-requests', 'everybody who has an account'],
  ['github:acme/web/more', 'no repository of GitHub'],
  ['github:-acme', 'no organization or user of GitHub'],
  ['github:acme" || true || "', 'no organization or user of GitHub'],
  ['github@evil.com/path:acme', 'write whose pipelines are trusted'],
  ['gitlab:acme/', 'no group or project of GitLab'],
  ['gitlab:../acme', 'no group or project of GitLab'],
  ['buildkite:acme/web/x', 'no slug of Buildkite'],
  ['circleci:acme', 'give the ids of the organization and project'],
  ['generic:https://ci.acme.com', 'name a claim that tells whose a token is'],
  ['generic:https://ci.acme.com#sub=', 'name a claim that tells whose a token is'],
  ['generic:https://ci.acme.com#sub=*', 'would trust too many'],
  ['generic:https://ci.acme.com#sub=a*b', 'may stand at the end alone'],
  ['generic:http://ci.acme.com#sub=x', 'is no issuer'],
  ['generic:https://token.actions.githubusercontent.com#aud=zeroplane', 'signs for everybody: write github:'],
  ['generic:https://gitlab.com#sub=project_path:*', 'signs for everybody: write gitlab:'],
  ['travis:acme', 'write whose pipelines are trusted'],
])('%s is too wide, or nothing: it says what to write', (trust, why) => {
  expect(() => trustConfiguration({ ...options, trust: [trust] })).toThrow(why);
});
