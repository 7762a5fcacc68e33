// Large values in an S3 bucket, each under the hash of its content: written before the commit that points to it, never changed.

import { GetObjectCommand, PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { LargeValues } from './large-values.ts';
import { throttled } from './requests.ts';

export interface S3LargeValuesOptions {
  /** The caller's to make and to destroy. Its own retries apply. */
  readonly client: S3Client;
  readonly bucket: string;
  /** Put in front of every key. Default `values/`. */
  readonly prefix?: string;
}

/** Fails with StoreError `throttled` when S3 does not answer: nothing was committed then. */
export function s3LargeValues({ client, bucket, prefix = 'values/' }: S3LargeValuesOptions): LargeValues {
  return {
    async put(hash, bytes) {
      await ask(() => client.send(new PutObjectCommand({ Bucket: bucket, Key: prefix + hash, Body: bytes })));
    },
    async get(hash) {
      const { Body } = await ask(() => client.send(new GetObjectCommand({ Bucket: bucket, Key: prefix + hash })));
      if (!Body) throw new Error(`S3 answered without the content of ${prefix}${hash}`);
      return Body.transformToByteArray();
    },
  };
}

async function ask<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const passing = error instanceof S3ServiceException && (error.$fault === 'server' || error.$retryable);
    throw passing ? throttled(error) : error;
  }
}
