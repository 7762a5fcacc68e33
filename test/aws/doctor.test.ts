// `zeroplane doctor --aws`: an account's quotas, told by a stand-in of the services that know them; and what docs/aws.md says to look at
// first, tried against the functions behind the gateway. About 30 s.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnvironment } from '../../core/process/child-environment.ts';
import type { Finding } from '../../local/health/finding.ts';
import { eventually } from '../tools/cluster.ts';
import { kubectlFor, runTool } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';

const main = join(import.meta.dirname, '../../cli/main.ts');

interface Account {
  executions: number;
  rate: number;
  burst: number;
  bootstrapped: boolean;
}

/** STS, Lambda, API Gateway and SSM, as far as the doctor asks them. Requests without a signature are refused. */
async function startAccount(account: Account) {
  const answers: Record<string, () => [number, object]> = {
    'GET /?Action=GetCallerIdentity&Version=2011-06-15': () => [
      200,
      {
        GetCallerIdentityResponse: {
          GetCallerIdentityResult: { Account: '000000000000', Arn: 'arn:aws:iam::000000000000:user/ann' },
        },
      },
    ],
    'GET /2016-08-19/account-settings': () => [
      200,
      {
        AccountLimit: { ConcurrentExecutions: account.executions, UnreservedConcurrentExecutions: account.executions },
      },
    ],
    'GET /account': () => [200, { throttleSettings: { rateLimit: account.rate, burstLimit: account.burst } }],
    'POST /': () =>
      account.bootstrapped
        ? [200, { Parameter: { Name: '/cdk-bootstrap/hnb659fds/version', Value: '25' } }]
        : [400, { __type: 'ParameterNotFound' }],
  };
  const server = createServer((request, response) => {
    const signed =
      /^AWS4-HMAC-SHA256 Credential=AKIAADMIN\/\d{8}\/us-east-1\/(sts|lambda|apigateway|ssm)\/aws4_request/;
    const answer = answers[`${request.method} ${request.url}`];
    const [status, body] =
      signed.test(request.headers.authorization ?? '') && answer ? answer() : [403, { message: 'no' }];
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // as: a TCP server's address.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe('zeroplane doctor --aws', { timeout: 240_000 }, () => {
  const account: Account = { executions: 1000, rate: 10_000, burst: 5000, bootstrapped: true };
  let cluster: AwsCluster;
  let services: Awaited<ReturnType<typeof startAccount>>;
  beforeAll(async () => {
    services = await startAccount(account);
    cluster = await startAwsCluster({ streamDelayMs: 200 });
    const kubectl = kubectlFor(cluster.kubeconfig);
    await eventually(120, async () => (await kubectl.attempt('get', 'namespaces')).code === 0);
  }, 300_000);
  afterAll(async () => {
    services?.close();
    await cluster?.stop();
  });

  const doctor = async (...args: string[]) => {
    const env = childEnvironment({
      ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'AKIAADMIN', AWS_SECRET_ACCESS_KEY: 'secret' },
      AWS_ENDPOINT_URL: services.url,
      NODE_EXTRA_CA_CERTS: cluster.caFile,
    });
    const { code, stdout, stderr } = await runTool(
      process.execPath,
      [main, 'doctor', '--aws', '-o', 'json', ...args],
      undefined,
      env,
    );
    expect(stderr).toBe('');
    const { findings }: { findings: Finding[] } = JSON.parse(stdout);
    return { code, findings, find: (part: string) => findings.find((each) => each.part === part) };
  };

  it('finds an account that can take a cluster, and says who asks', async () => {
    const { code, findings, find } = await doctor();
    expect(findings.map(({ part, state }) => [part, state])).toEqual([
      ['identity', 'ok'],
      ['Lambda quota', 'ok'],
      ['API Gateway quota', 'ok'],
      ['CDK', 'ok'],
    ]);
    expect(find('identity')?.message).toBe('arn:aws:iam::000000000000:user/ann of account 000000000000');
    expect(code).toBe(0);
  });

  it('says what a new account lacks, and how to get it', async () => {
    Object.assign(account, { executions: 10, rate: 100, burst: 200, bootstrapped: false });
    const { code, find } = await doctor();
    Object.assign(account, { executions: 1000, rate: 10_000, burst: 5000, bootstrapped: true });
    expect(find('Lambda quota')).toMatchObject({
      state: 'warning',
      message: expect.stringContaining('10 executions at a time'),
      next: expect.stringMatching(
        /--quota-code L-B99A9384 --desired-value 1000; until then deploy with -c concurrency=10$/,
      ),
    });
    expect(find('API Gateway quota')?.next).toBe('deploy with -c requestsPerSecond=100 -c burst=200');
    expect(find('CDK')).toMatchObject({ state: 'fault', next: 'npx cdk bootstrap' });
    expect(code).toBe(1);
  });

  it('tries what only a deployed stack can answer', async () => {
    const { code, findings, find } = await doctor('--server', cluster.gateway.url, '--cluster', 'test');
    const looks = findings.slice(4);
    expect(looks.map(({ part }) => part)).toEqual([
      ...['routing', 'names in paths', 'query strings', 'double slashes', 'binary bodies', 'chunked bodies'],
      ...['head of a stream', 'a change in a watch'],
    ]);
    expect(looks.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(find('a change in a watch')?.message).toMatch(/^seen \d+ ms after/);
    expect(code).toBe(0);
    // It leaves nothing.
    expect(await kubectlFor(cluster.kubeconfig)('get', 'configmaps', '-o', 'name')).not.toContain('doctor');
  });

  it('names what a stack does otherwise', async () => {
    const { code, find } = await doctor(
      '--server',
      cluster.gateway.url.replace('/prod', '/other'),
      '--cluster',
      'test',
    );
    expect(code).toBe(1);
    expect(find('the API')?.message).toContain('/other/version answered 403');
  });
});
