import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';
import { expect, it } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { openDynamoStore } from './dynamodb-store.ts';
import { s3LargeValues } from './s3.ts';

it('keeps values that do not fit an item in S3, and finds them again at every revision', {
  timeout: 30_000,
}, async () => {
  const server = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' });
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  });
  try {
    await client.send(new CreateBucketCommand({ Bucket: 'values' }));
    const large = s3LargeValues({ client, bucket: 'values' });
    const store = openDynamoStore({ calls: modelCalls(new ModelTable(Date.now)), table: 'store', large });
    // Does not compress.
    const noise = Buffer.alloc(600_000);
    for (let i = 0, state = 1; i < noise.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      noise[i] = state >>> 24;
    }
    const value = { bytes: noise, revisionOffset: 10 };
    await store.commit([{ op: 'put', type: 'secrets', name: 'a', expect: 0, value }]);
    await store.commit([{ op: 'put', type: 'secrets', name: 'a', expect: 1, value }]);
    const read = (await store.get('secrets', 'a'))?.value ?? new Uint8Array();
    expect(read).toHaveLength(noise.length + 1);
    expect(String.fromCharCode(read[10] ?? 0)).toBe('2');
    expect(Buffer.compare(read.subarray(11), noise.subarray(10))).toBe(0);
    const [first] = (await store.log('secrets', 0)).entries;
    expect(String.fromCharCode(first?.value[10] ?? 0)).toBe('1');
  } finally {
    client.destroy();
    await server.stop();
  }
});
