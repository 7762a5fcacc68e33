// The pipeline's own identity: a token of its CI's OpenID Connect issuer, asked for at run time, so that no secret is stored anywhere.

import { errorText } from '../../core/machinery/error-text.ts';
import { parseJson } from '../../core/machinery/json.ts';
import { getOwn } from '../../core/machinery/own.ts';
import { tryRun } from '../../core/process/run.ts';
import { UserError } from '../../local/user-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Pipeline {
  readonly name: string;
  /** Whether we run in one. */
  readonly here: (env: Environment) => boolean;
  readonly token: (env: Environment, audience: string) => Promise<string>;
}

/** A token may have 16 KB: the API server's limit of headers. */
const maxTokenLength = 16 * 1024;

/** Source: GitHub, "OpenID Connect reference": a request with the job's own token gives one for an audience. */
const github: Pipeline = {
  name: 'GitHub Actions',
  here: (env) => env['GITHUB_ACTIONS'] === 'true',
  async token(env, audience) {
    const [url, bearer] = [env['ACTIONS_ID_TOKEN_REQUEST_URL'], env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']];
    if (!url || !bearer)
      throw new UserError(
        '--oidc: the job may ask GitHub for no token: give the job `permissions: {id-token: write, contents: read}`. Pull requests from forks get none at all',
      );
    const asked = new URL(url);
    asked.searchParams.set('audience', audience);
    const answer = await fetch(asked, {
      headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
      signal: AbortSignal.timeout(30_000),
    }).catch((error: unknown) => {
      throw new UserError(`--oidc: GitHub's issuer does not answer: ${errorText(error)}: run it again`);
    });
    const text = (await answer.text()).slice(0, 2 * maxTokenLength);
    if (!answer.ok) throw new UserError(`--oidc: GitHub's issuer refused a token: HTTP ${answer.status}: ${text}`);
    // as: {"value": "..."}; anything else has no value.
    const { value } = parseJson(text) as { value?: unknown };
    return String(value ?? '');
  },
};

/** Source: GitLab, "OpenID Connect (OIDC) Authentication Using ID Tokens": the job's YAML names the variable. */
const gitlab: Pipeline = {
  name: 'GitLab CI',
  here: (env) => env['GITLAB_CI'] === 'true',
  async token(env, audience) {
    const token = env['ZEROPLANE_ID_TOKEN'];
    if (!token)
      throw new UserError(
        `--oidc: the job has no ZEROPLANE_ID_TOKEN: give the job \`id_tokens: {ZEROPLANE_ID_TOKEN: {aud: ${audience}}}\``,
      );
    return token;
  },
};

/** Source: Buildkite, "buildkite-agent oidc". */
const buildkite: Pipeline = {
  name: 'Buildkite',
  here: (env) => env['BUILDKITE'] === 'true',
  async token(env, audience) {
    const given = Object.entries(env).filter(([name]) => name.startsWith('BUILDKITE'));
    const { code, stdout, stderr } = await tryRun(
      'buildkite-agent',
      ['oidc', 'request-token', '--audience', audience],
      {
        timeoutMs: 30_000,
        environment: Object.fromEntries(given.map(([name, value]) => [name, value ?? ''])),
      },
    );
    if (code === 0) return stdout.trim();
    throw new UserError(`--oidc: buildkite-agent oidc request-token failed (${code}): ${stderr.trim().slice(0, 500)}`);
  },
};

/** Source: CircleCI, "OpenID Connect tokens": of the organization's own issuer, whose id is the audience. */
const circleci: Pipeline = {
  name: 'CircleCI',
  here: (env) => env['CIRCLECI'] === 'true',
  async token(env) {
    const token = env['CIRCLE_OIDC_TOKEN_V2'] || env['CIRCLE_OIDC_TOKEN'];
    if (!token)
      throw new UserError('--oidc: the job has no CIRCLE_OIDC_TOKEN: give it a context, which it may be empty');
    return token;
  },
};

/** Any other that puts a token into the environment. */
const other: Pipeline = {
  name: 'this pipeline',
  here: (env) => Boolean(getOwn(env, 'ZEROPLANE_ID_TOKEN')),
  token: async (env) => getOwn(env, 'ZEROPLANE_ID_TOKEN') ?? '',
};

const pipelines = [github, gitlab, buildkite, circleci, other];

/** Rejects with UserError, which says what the pipeline's own configuration must have. */
export async function pipelineToken(env: Environment, audience: string): Promise<string> {
  const found = pipelines.find(({ here }) => here(env));
  if (!found)
    throw new UserError(
      '--oidc: this is no job of GitHub Actions, GitLab CI, Buildkite or CircleCI, and ZEROPLANE_ID_TOKEN is not set: set it to a token, or use --token-file',
    );
  const token = await found.token(env, audience);
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) && token.length <= maxTokenLength) return token;
  throw new UserError(`--oidc: what ${found.name} gave is no JSON Web Token: look at how the job asks for it`);
}
