// AWS's own client, with as little to do at its start as it can have: region and credentials are given.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { sdkCalls } from '../../../core/store/dynamodb/sdk-calls.ts';

const { AWS_REGION = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;

export const calls = sdkCalls(
  new DynamoDBClient({
    region: AWS_REGION,
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
    maxAttempts: 1,
  }),
);
