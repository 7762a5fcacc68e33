// Large values in an S3 bucket, each under its own name: written before the commit that points to it, never changed. The bucket keeps versions:
// a value that was removed and is asked for all the same, since the table was restored to an earlier state, is put back.
// Source: Amazon S3 API reference, PutObject, GetObject, DeleteObject and ListObjectVersions; path-style names, since a stand-in has no
// name for each bucket.

import { hash as hashOf } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type AwsEnvironment, credentialsFrom, endpointFrom, regionFrom } from '../../signature/aws-environment.ts';
import { type Answer, createSignedRequests } from '../../signature/signed-requests.ts';
import { type LargeValues, MissingValueError } from './large-values.ts';
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

  const urlOf = (name: string) => new URL(`/${bucket}/${prefix}${name}`, endpoint);

  /** All requests may happen twice without harm. Answers with success, or that there is no such thing. */
  async function ask(
    method: 'DELETE' | 'GET' | 'PUT',
    url: URL,
    body: Uint8Array = new Uint8Array(0),
  ): Promise<Answer> {
    const headers = { 'x-amz-content-sha256': hashOf('sha256', body) };
    for (let sent = 1; ; sent++) {
      let failure: unknown;
      try {
        const answer = await requests.send({ method, url, headers, ...(method === 'PUT' && { body }) }, answerMs);
        if (answer.status === 200 || answer.status === 204 || answer.status === 404) return answer;
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

  async function put(name: string, bytes: Uint8Array): Promise<void> {
    const { status, body } = await ask('PUT', urlOf(name), bytes);
    if (status === 404) throw new Error(`S3 answered 404: ${body.toString().slice(0, 300)}`);
  }

  /** The value of a name that was removed, there again: its last version. */
  async function putBack(name: string): Promise<Uint8Array> {
    const listed = new URL(`/${bucket}`, endpoint);
    listed.search = new URLSearchParams({ 'max-keys': '10', prefix: prefix + name, versions: '' }).toString();
    const { status, body } = await ask('GET', listed);
    const [, first = ''] = body.toString().split('<Version>', 2);
    const version = /<VersionId>([^<]{1,1024})<\/VersionId>/.exec(first)?.[1];
    if (status !== 200 || version === undefined || version === 'null') throw new MissingValueError(name);
    const url = urlOf(name);
    url.searchParams.set('versionId', version);
    const found = await ask('GET', url);
    if (found.status !== 200) throw new MissingValueError(name);
    await put(name, found.body);
    return found.body;
  }

  return {
    put,
    async get(name) {
      const { status, body } = await ask('GET', urlOf(name));
      return status === 200 ? body : putBack(name);
    },
    async remove(name) {
      await ask('DELETE', urlOf(name));
    },
  };
}
