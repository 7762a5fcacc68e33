// Pipelines with no secret: `up --trust`, the pipeline's own token, and every file of examples/ci as its CI runs it.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startCluster, type TestCluster } from '../tools/cluster.ts';
import { createHost } from '../tools/host.ts';
import { tool } from '../tools/kubectl.ts';
import { busybox, type RunnerOptions, type Running, runToEnd, startProgram, zeroplaneOn } from './run-tool.ts';

const root = join(import.meta.dirname, '../..');
const server = 'https://127.0.0.1:6443';

interface Issuers {
  readonly github: string;
  readonly gitlab: string;
  readonly certificateAuthority: string;
  readonly runner: string;
}

const onGithub = { repository: 'acme/web', repository_owner: 'acme', ref: 'refs/heads/main', event_name: 'push' };
const onGitlab = { project_path: 'acme/team/web', ref_path: 'refs/heads/main', pipeline_source: 'push' };

describe.skipIf(process.getuid?.() !== 0)('pipelines (needs root)', () => {
  let cluster: TestCluster;
  let folder: string;
  let program: Running;
  let issuers: Issuers;
  let ca: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zeroplane-ci-'));
    const host = createHost('zpcli2', '10.215.2.1');
    program = startProgram([...host.enter, process.execPath, join(import.meta.dirname, 'pipeline-issuer.ts')], {});
    issuers = JSON.parse(await program.said('}'));
    const authority = join(folder, 'issuers.crt');
    writeFileSync(authority, issuers.certificateAuthority);
    const trust = ['--trust', `github@${issuers.github}:acme`, '--trust', `gitlab@${issuers.gitlab}:acme/team`];
    cluster = await startCluster('zpcli2', '10.215.2', host, ...trust, '--trust-certificate-authority', authority);
    ca = join(cluster.dataDir, 'pki', 'ca.crt');
    // As a runner that has it installed.
    mkdirSync(join(folder, 'bin'));
    const [, , node = '', main = ''] = zeroplaneOn(cluster);
    writeFileSync(join(folder, 'bin', 'zeroplane'), `#!/bin/sh\nexec ${node} ${main} "$@"\n`, { mode: 0o755 });
  });
  afterAll(async () => {
    program?.process.kill();
    rmSync(folder, { recursive: true, force: true });
    await cluster?.remove();
  });

  /** What GitHub's runner puts into the environment of a job that may have a token. */
  const githubJob = (claims: object = {}) => ({
    GITHUB_ACTIONS: 'true',
    ACTIONS_ID_TOKEN_REQUEST_URL: `${issuers.runner}/github?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: Buffer.from(JSON.stringify({ ...onGithub, ...claims })).toString('base64url'),
  });
  const token = async (issuer: 'github' | 'gitlab', claims: object) => {
    const bearer = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const url = `${issuers.runner}/${issuer}?audience=zeroplane`;
    const { stdout } = await cluster.host.run('curl', '-sS', '-H', `Authorization: Bearer ${bearer}`, url);
    return String(JSON.parse(stdout).value);
  };
  const signIn = () => ['--server', server, '--certificate-authority', ca, '--oidc', '--namespace', 'ci'];
  const run = (env: Record<string, string>, ...args: string[]) =>
    runToEnd(cluster, [...signIn(), '--image', busybox, ...args], { env });
  /** A script on the cluster's host, as a runner starts it. */
  const script = (shell: string, text: string, { env, ...options }: RunnerOptions) =>
    startProgram([...cluster.host.enter, shell, '-c', text], {
      // kubectl keeps what it found below its home.
      env: { HOME: folder, PATH: `${join(folder, 'bin')}:${dirname(tool('kubectl'))}:${process.env['PATH']}`, ...env },
      ...options,
    }).ended;

  it('a job of GitHub runs a command, and one of GitLab, each with its own token', async () => {
    expect(await run(githubJob(), '--', 'echo', 'from github')).toMatchObject({ code: 0, stdout: 'from github\n' });
    const gitlabJob = { GITLAB_CI: 'true', ZEROPLANE_ID_TOKEN: await token('gitlab', onGitlab) };
    expect(await run(gitlabJob, '--', 'echo', 'from gitlab')).toMatchObject({ code: 0, stdout: 'from gitlab\n' });
  });

  it.each([
    ['another organization', { repository: 'evil/web', repository_owner: 'evil' }, []],
    ['one with a longer name', { repository: 'acme-evil/web', repository_owner: 'acme-evil' }, []],
    ['a pull request', { event_name: 'pull_request', ref: 'refs/pull/1/merge' }, []],
    ['a pull request that takes the rights of its target', { event_name: 'pull_request_target' }, []],
    ['a token for somebody else', {}, ['--audience', 'sts.amazonaws.com']],
    ['a token past its end', { exp: 1_000_000_000 }, []],
  ])('nobody is let in with the token of %s', async (_, claims, flags) => {
    const { code, stdout, stderr } = await run(githubJob(claims), ...flags, '--', 'true');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('the cluster does not know who this is (401)');
  });

  it('a job that may have no token is told how it gets one', async () => {
    const { code, stderr } = await run({ GITHUB_ACTIONS: 'true' }, '--', 'true');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('permissions: {id-token: write') });
    expect((await run({}, '--', 'true')).stderr).toContain('ZEROPLANE_ID_TOKEN is not set');
  });

  it('gets no more than jobs in one namespace, whose pods get nothing of their node', async () => {
    const as = await token('github', onGithub);
    const may = async (...args: string[]) =>
      (
        await cluster.host.run(
          tool('kubectl'),
          ...['--kubeconfig', '/dev/null', '--server', server, '--certificate-authority', ca, '--token', as],
          ...['auth', 'can-i', ...args],
        )
      ).stdout.trim();
    expect(await may('create', 'jobs', '-n', 'ci')).toBe('yes');
    const not = [
      ['create', 'jobs', '-n', 'default'],
      ['get', 'secrets', '-n', 'ci'],
      ['create', 'pods/exec', '-n', 'ci'],
      ['create', 'rolebindings', '-n', 'ci'],
      ['get', 'nodes'],
    ];
    for (const words of not) expect([words, await may(...words)]).toEqual([words, 'no']);
    expect((await run(githubJob(), '--namespace', 'default', '--', 'true')).stderr).toMatch(
      /cannot create resource "jobs".*rolebinding/,
    );
    const pod = join(folder, 'privileged.yaml');
    writeFileSync(
      pod,
      `{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, securityContext: {privileged: true}}]}}`,
    );
    const refused = await run(githubJob(), '--file', pod, '--start-timeout', '4s', '--', 'true');
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain('violates PodSecurity "baseline:latest"');
  });

  describe('examples/ci', () => {
    const example = (name: string) => join(root, 'examples/ci', name);
    const work = () => {
      const directory = mkdtempSync(join(folder, 'work-'));
      writeFileSync(join(directory, 'input'), 'of the checkout\n');
      return directory;
    };
    const command = 'mkdir report; cat input | tee report/result; exit 6';

    it('the GitHub Action', async () => {
      const action = parse(readFileSync(example('github/action.yml'), 'utf8'));
      const inputs: Record<string, string> = {
        ...Object.fromEntries(
          Object.entries<{ default?: string }>(action.inputs).map(([name, input]) => [name, input.default ?? '']),
        ),
        ...{ server, image: busybox, command, bring: 'report', 'certificate-authority': readFileSync(ca, 'utf8') },
        flags: '--memory=64Mi\n--quiet',
      };
      const [step, ...more] = action.runs.steps;
      expect(more).toEqual([]);
      const env = Object.fromEntries(
        Object.entries<string>(step.env).map(([name, value]) => [
          name,
          value.replace(/^\$\{\{ inputs\.([\w-]+) \}\}$/, (_, input) => inputs[input] ?? ''),
        ]),
      );
      const runner = {
        RUNNER_TEMP: folder,
        GITHUB_REPOSITORY: 'acme/web',
        GITHUB_RUN_ID: '1',
        GITHUB_RUN_ATTEMPT: '1',
        GITHUB_JOB: 'test',
        GITHUB_ACTION: '__run',
      };
      const cwd = work();
      const ran = await script('bash', step.run, { env: { ...runner, ...githubJob(), ...env }, cwd });
      expect(ran, ran.stderr).toMatchObject({ code: 6, stdout: 'of the checkout\n' });
      expect(readFileSync(join(cwd, 'report/result'), 'utf8')).toBe('of the checkout\n');
    });

    it('the GitLab template', async () => {
      const job = parse(readFileSync(example('gitlab/zeroplane.gitlab-ci.yml'), 'utf8'))['.zeroplane'];
      expect(Object.keys(job.id_tokens)).toEqual(['ZEROPLANE_ID_TOKEN']);
      const env = {
        ...job.variables,
        ...{ ZEROPLANE_SERVER: server, IMAGE: busybox, COMMAND: command, BRING: 'report', CERTIFICATE_AUTHORITY: ca },
        ...{
          GITLAB_CI: 'true',
          CI_PROJECT_PATH: 'acme/team/web',
          CI_JOB_ID: '7',
          ZEROPLANE_ID_TOKEN: await token('gitlab', onGitlab),
        },
      };
      const cwd = work();
      const ran = await script('sh', job.script.join('\n'), { env, cwd });
      expect(ran, ran.stderr).toMatchObject({ code: 6, stdout: 'of the checkout\n' });
      expect(readFileSync(join(cwd, 'report/result'), 'utf8')).toBe('of the checkout\n');
    });

    it.each(['curl.sh', 'kubectl.sh'])('%s, and the same run once more', async (name) => {
      const env = {
        SERVER: server,
        CACERT: ca,
        TOKEN: await token('github', onGithub),
        IMAGE: busybox,
        NAME: name.replace('.', '-'),
        COMMAND: 'echo one\necho "two: $((1 + 1))"\nexit 6',
      };
      for (const _ of ['first', 'second']) {
        const ran = await script('sh', `exec ${example(name)}`, { env });
        expect(ran, ran.stderr).toMatchObject({ code: 6, stdout: 'one\ntwo: 2\n' });
      }
    });
  });

  it('a trust that changes needs a restart, and says so', async () => {
    const { code, stderr } = await cluster.zeroplane('up', '--detach', '--trust', 'github:acme');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('--trust: the cluster runs with another'),
    });
    expect((await cluster.zeroplane('up', '--detach', '--trust', 'github:*')).stderr).toContain(
      'everybody who has an account there',
    );
  });
});
