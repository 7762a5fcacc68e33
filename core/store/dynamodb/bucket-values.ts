// Large values in a bucket of S3, under the hash of their content.

import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { LargeValues } from './large-values.ts';

export function openBucketValues(bucket: string): LargeValues {
  // Buckets are named in the path where a stand-in serves them.
  const client = new S3Client({ forcePathStyle: process.env['AWS_ENDPOINT_URL_S3'] !== undefined });
  return {
    async put(hash, bytes) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: `values/${hash}`, Body: bytes }));
    },
    async get(hash) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: `values/${hash}` }));
      if (!Body) throw new Error(`the value ${hash} in ${bucket} has no content`);
      return Body.transformToByteArray();
    },
  };
}
