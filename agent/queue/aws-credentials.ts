// The machine's own AWS credentials, from wherever AWS's client finds them: environment, profile, or the instance's role.

import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsCredentials } from '../../core/signature/sigv4.ts';

/** Rejects with what AWS's client says when there are none. */
export async function awsCredentials(region: string): Promise<AwsCredentials> {
  const client = new SQSClient({ region });
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
    return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  } finally {
    client.destroy();
  }
}
