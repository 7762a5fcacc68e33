// What a cluster is: its table and the bucket beside it. Both outlive the stack, and another may take them up.

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  type ITable,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { collectedAtAttribute, expiryIndex } from '../core/store/dynamodb/table.ts';
import type { KeptTable } from './kept-table.ts';
import type { ClusterOptions } from './options.ts';

export interface State {
  readonly table: ITable;
  readonly bucket: IBucket;
  readonly key: IKey | undefined;
}

/** `kept`: the table that the options name, as it was found. */
export function createState(scope: Construct, options: ClusterOptions, kept: KeptTable | undefined): State {
  return kept ? keptState(scope, options, kept) : newState(scope, options);
}

function keptState(scope: Construct, { bucketName }: ClusterOptions, kept: KeptTable): State {
  return {
    table: Table.fromTableAttributes(scope, 'Table', { tableArn: kept.arn, tableStreamArn: kept.streamArn }),
    bucket: Bucket.fromBucketName(scope, 'LargeValues', bucketName),
    key: kept.keyArn === undefined ? undefined : Key.fromKeyArn(scope, 'Key', kept.keyArn),
  };
}

function newState(scope: Construct, { name, ownKey }: ClusterOptions): State {
  const key = ownKey
    ? new Key(scope, 'Key', {
        description: `State of the Zeroplane cluster ${name}`,
        enableKeyRotation: true,
        removalPolicy: RemovalPolicy.RETAIN,
      })
    : undefined;
  const table = new Table(scope, 'Table', {
    partitionKey: { name: 'p', type: AttributeType.STRING },
    sortKey: { name: 's', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    // Keys are enough: the stream says that a type was written; the log is read for what.
    stream: StreamViewType.KEYS_ONLY,
    timeToLiveAttribute: collectedAtAttribute,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    ...(key
      ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: key }
      : { encryption: TableEncryption.DEFAULT }),
  });
  table.addGlobalSecondaryIndex({
    indexName: expiryIndex,
    partitionKey: { name: 'g', type: AttributeType.STRING },
    sortKey: { name: 'x', type: AttributeType.NUMBER },
    projectionType: ProjectionType.KEYS_ONLY,
  });
  const bucket = new Bucket(scope, 'LargeValues', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: RemovalPolicy.RETAIN,
    // What nothing refers to is removed (D7), and is there for as long as the table can be restored to a time when something did: 35 days.
    versioned: true,
    lifecycleRules: [
      {
        abortIncompleteMultipartUploadAfter: Duration.days(1),
        noncurrentVersionExpiration: Duration.days(36),
        expiredObjectDeleteMarker: true,
      },
    ],
    ...(key ? { encryption: BucketEncryption.KMS, encryptionKey: key } : { encryption: BucketEncryption.S3_MANAGED }),
  });
  return { table, bucket, key };
}
