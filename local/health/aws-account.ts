// Whether an AWS account can take a cluster: who asks, what its quotas are, whether CDK was bootstrapped. Source: Lambda API reference,
// GetAccountSettings; API Gateway API reference, GetAccount; STS, GetCallerIdentity; CDK guide, "Bootstrapping" (the version's parameter).

import { errorText } from '../../core/machinery/error-text.ts';
import { jsonObject } from '../../core/machinery/json.ts';
import { type AwsEnvironment, endpointFrom } from '../../core/signature/aws-environment.ts';
import { type AwsCredentials, signHeaders } from '../../core/signature/sigv4.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

export interface AccountOptions {
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** Where other endpoints may be named, as AWS's own programs read them. */
  readonly env: AwsEnvironment;
}

/** What the options of a deployment are where they are not given (infra/options.ts): requests a second, and at once. */
const stageRate = 500;
const stageBurst = 1000;
const usualExecutions = 1000;
const answerMs = 20_000;
/** Service Quotas' code of "Concurrent executions". */
const executionsQuota = 'L-B99A9384';

export async function accountFindings(options: AccountOptions): Promise<Finding[]> {
  const found = await Promise.all([identity(options), executions(options), throttle(options), bootstrap(options)]);
  return found;
}

async function identity(options: AccountOptions): Promise<Finding> {
  return asked('identity', 'sign in as you do for the aws command line', async () => {
    const path = '/?Action=GetCallerIdentity&Version=2011-06-15';
    const { GetCallerIdentityResponse: response } = await call(options, 'sts', { method: 'GET', path });
    const { GetCallerIdentityResult: result } = fields(response);
    const { Account: account, Arn: arn } = fields(result);
    return ok('identity', `${arn} of account ${account}`);
  });
}

async function executions(options: AccountOptions): Promise<Finding> {
  return asked('Lambda quota', 'the right lambda:GetAccountSettings', async () => {
    const answer = await call(options, 'lambda', { method: 'GET', path: '/2016-08-19/account-settings' });
    const { ConcurrentExecutions: all, UnreservedConcurrentExecutions: free } = fields(answer['AccountLimit']);
    if (typeof all !== 'number') throw new Error('Lambda named no limit');
    const text = `${all} executions at a time in ${options.region}${free === all ? '' : `, ${free} of them not reserved by others`}`;
    if (all >= usualExecutions) return ok('Lambda quota', text);
    return warning(
      'Lambda quota',
      `${text}, where an account usually has ${usualExecutions}: each open watch straight at the API, each followed log and each request under way holds one${all <= 10 ? ', so that a few people can use all' : ''}`,
      `aws service-quotas request-service-quota-increase --region ${options.region} --service-code lambda --quota-code ${executionsQuota} --desired-value ${usualExecutions}; until then deploy with -c concurrency=${all}`,
    );
  });
}

async function throttle(options: AccountOptions): Promise<Finding> {
  return asked('API Gateway quota', 'the right apigateway:GET on /account', async () => {
    const answer = await call(options, 'apigateway', { method: 'GET', path: '/account' });
    const { rateLimit: rate, burstLimit: burst } = fields(answer['throttleSettings']);
    if (typeof rate !== 'number' || typeof burst !== 'number') throw new Error('API Gateway named no limit');
    const text = `${rate} requests a second, ${burst} at once, for all APIs of the account in ${options.region}`;
    if (rate >= stageRate && burst >= stageBurst) return ok('API Gateway quota', text);
    const next = `deploy with -c requestsPerSecond=${Math.min(stageRate, rate)} -c burst=${Math.min(stageBurst, burst)}`;
    return warning('API Gateway quota', `${text}: less than the cluster's own ceiling`, next);
  });
}

async function bootstrap(options: AccountOptions): Promise<Finding> {
  return asked('CDK', 'the right ssm:GetParameter', async () => {
    const answer = await call(options, 'ssm', {
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter' },
      body: JSON.stringify({ Name: '/cdk-bootstrap/hnb659fds/version' }),
      accepts: 'ParameterNotFound',
    });
    const { Value: version } = fields(answer['Parameter']);
    if (typeof version === 'string') return ok('CDK', `bootstrapped, version ${version}`);
    return fault('CDK', `not bootstrapped in ${options.region}: nothing can be deployed`, 'npx cdk bootstrap');
  });
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The name of a failure that is an answer. */
  readonly accepts?: string;
}

async function call({ region, credentials, env }: AccountOptions, service: string, asked: Call) {
  const url = new URL(asked.path, endpointFrom(env, service, region));
  const request = {
    ...{ method: asked.method, url, headers: { accept: 'application/json', ...asked.headers } },
    ...(asked.body !== undefined && { body: asked.body }),
  };
  const { host: _, ...headers } = signHeaders(request, { credentials, region, service, now: new Date() });
  const answer = await fetch(url, {
    ...{ method: asked.method, headers, signal: AbortSignal.timeout(answerMs), redirect: 'error' },
    ...(asked.body !== undefined && { body: asked.body }),
  });
  const text = (await answer.text()).slice(0, 100_000);
  if (!answer.ok && !(asked.accepts && text.includes(asked.accepts)))
    throw new Error(`${service} answered ${answer.status}: ${text.slice(0, 300)}`);
  return fields(jsonObject(text));
}

/** What is no object has no fields. */
function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

async function asked(part: string, needs: string, ask: () => Promise<Finding>): Promise<Finding> {
  try {
    return await ask();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return fault(
      part,
      `not told: ${errorText(error)}${cause}`,
      `look whether you have ${needs}`.replace('have sign', 'sign'),
    );
  }
}
