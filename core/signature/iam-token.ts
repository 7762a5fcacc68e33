// A bearer token that proves an IAM identity: a presigned request for STS GetCallerIdentity, which whoever checks it sends.
// The name of the cluster is signed with it, so that a token for one cluster is none for another. Source: the way of EKS' tokens.

import { type AwsCredentials, presign } from './sigv4.ts';

export const iamTokenPrefix = 'zeroplane-iam-v1.';
export const clusterHeader = 'x-zeroplane-cluster';
/** How long the presigned request is good, in seconds. */
export const iamTokenSeconds = 900;

export interface IamTokenOptions {
  readonly clusterName: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  readonly now: Date;
}

export function createIamToken({ clusterName, region, credentials, now }: IamTokenOptions): string {
  const url = new URL(`https://sts.${region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15`);
  const request = { method: 'GET', url, headers: { [clusterHeader]: clusterName } } as const;
  const signed = presign(request, { credentials, region, service: 'sts', now }, iamTokenSeconds);
  return iamTokenPrefix + Buffer.from(signed.href).toString('base64url');
}
