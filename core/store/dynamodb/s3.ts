// Large values in an S3 bucket, each under the hash of its content: written before the commit that points to it, never changed.
// Source: Amazon S3 API reference, PutObject and GetObject; path-style names, since a stand-in has no name for each bucket.

import { hash as hashOf } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type AwsEnvironment, credentialsFrom, endpointFrom, regionFrom } from '../../signature/aws-environment.ts';
import { type Answer, createSignedRequests } from '../../signature/signed-requests.ts';
import type { LargeValues } from './large-values.ts';
import { throttled } from './requests.ts';

export interface S3LargeValuesOptions {
  /** Where region, credentials and perhaps another endpoint come from. */
  readonly env: AwsEnvironment;
  readonly bucket: string;
  /** Put in front of every key. Default `values/`. */
  readonly prefix?: string;
}

const answerMs = 10_000;
const attempts = 3;
const pauseMs = 100;

/** Fails with StoreError `throttled` when S3 does not answer: nothing was committed then. */
export function s3LargeValues({ env, bucket, prefix = 'values/' }: S3LargeValuesOptions): LargeValues {
  const region = regionFrom(env);
  const endpoint = endpointFrom(env, 's3', region);
  const requests = createSignedRequests({
    service: 's3',
    region,
    credentials: () => credentialsFrom(env),
    connectMs: 1000,
  });

  /** Both requests may happen twice without harm. */
  async function ask(method: 'GET' | 'PUT', hash: string, body: Uint8Array = new Uint8Array(0)): Promise<Answer> {
    const url = new URL(`/${bucket}/${prefix}${hash}`, endpoint);
    const headers = { 'x-amz-content-sha256': hashOf('sha256', body) };
    for (let sent = 1; ; sent++) {
      let failure: unknown;
      try {
        const answer = await requests.send({ method, url, headers, ...(method === 'PUT' && { body }) }, answerMs);
        if (answer.status === 200) return answer;
        failure = new Error(`S3 answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
        if (answer.status < 500) throw failure;
      } catch (error) {
        if (error === failure) throw error;
        failure = error;
      }
      if (sent === attempts) throw throttled(failure);
      await delay(pauseMs * sent);
    }
  }

  return {
    async put(hash, bytes) {
      await ask('PUT', hash, bytes);
    },
    get: async (hash) => (await ask('GET', hash)).body,
  };
}
