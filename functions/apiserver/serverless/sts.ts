// What the API server asks AWS STS with most requests: whose token is this?
// Source: AWS STS API reference, GetCallerIdentity; STS answers in JSON when it is asked for that.

import { parseJson } from '../../../core/machinery/json.ts';
import type { AwsEnvironment } from '../../../core/signature/aws-environment.ts';
import { createRequests } from '../../../core/signature/requests.ts';
import type { AskSts } from '../authentication/iam-tokens.ts';

const answerMs = 5_000;
const connectMs = 2_000;

/** `env`: where STS is asked, if not where tokens say. They are signed for that host, which is told all the same. */
export function askSts(env: AwsEnvironment): AskSts {
  const requests = createRequests({ service: 'sts', connectMs });
  const elsewhere = env['AWS_ENDPOINT_URL_STS'] || env['AWS_ENDPOINT_URL'];
  return async (presigned, headers) => {
    const url = elsewhere ? new URL(`${presigned.pathname}${presigned.search}`, elsewhere) : presigned;
    const sent = { ...headers, host: presigned.host, accept: 'application/json' };
    const { status, body } = await requests.send({ method: 'GET', url, headers: sent }, answerMs);
    // Nobody is followed elsewhere.
    if (status >= 500 || (status >= 300 && status < 400)) throw new Error(`STS answered ${status}`);
    if (status !== 200) return undefined;
    // as: the documented answer of GetCallerIdentity.
    const { GetCallerIdentityResponse } = parseJson(body.toString()) as {
      GetCallerIdentityResponse?: { GetCallerIdentityResult?: { Arn?: string; Account?: string; UserId?: string } };
    };
    const { Arn, Account, UserId } = GetCallerIdentityResponse?.GetCallerIdentityResult ?? {};
    return Arn && Account && UserId ? { arn: Arn, account: Account, userId: UserId } : undefined;
  };
}
