// Region, credentials and endpoints of a process that AWS runs, from its environment, as AWS's own clients read them.
// Source: Lambda developer guide, "Defined runtime environment variables"; AWS SDKs reference guide, "Service-specific endpoints".

import { getOwn } from '../machinery/own.ts';
import type { AwsCredentials } from './sigv4.ts';

export type AwsEnvironment = Readonly<Record<string, string | undefined>>;

/** Throws an Error that names the variable. */
export function regionFrom(env: AwsEnvironment): string {
  return required(env, 'AWS_REGION');
}

/** A function's credentials live as long as its process. Throws an Error that names the variable. */
export function credentialsFrom(env: AwsEnvironment): AwsCredentials {
  const sessionToken = env['AWS_SESSION_TOKEN'];
  return {
    accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken && { sessionToken }),
  };
}

export function endpointFrom(env: AwsEnvironment, service: string, region: string): URL {
  const named = getOwn(env, `AWS_ENDPOINT_URL_${service.toUpperCase()}`) || env['AWS_ENDPOINT_URL'];
  return new URL(named || `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`);
}

function required(env: AwsEnvironment, name: string): string {
  const value = getOwn(env, name);
  if (!value) throw new Error(`the environment variable ${name} is missing: Lambda sets it`);
  return value;
}
