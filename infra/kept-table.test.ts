import { describe, expect, it } from 'vitest';
import { collectedAtAttribute, tableDefinition } from '../core/store/dynamodb/table.ts';
import { keptTable, lookUpKeptTable } from './kept-table.ts';

const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes } = tableDefinition('kept');
const arn = 'arn:aws:dynamodb:eu-central-1:000000000000:table/kept';
const streamArn = `${arn}/stream/2026-01-01T00:00:00.000`;
/** As DynamoDB describes what infra/state.ts makes. */
const whole = {
  TableName: 'kept',
  TableStatus: 'ACTIVE',
  TableArn: arn,
  KeySchema,
  AttributeDefinitions,
  GlobalSecondaryIndexes,
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
  LatestStreamArn: streamArn,
  DeletionProtectionEnabled: true,
} as const;
const collects = { AttributeName: collectedAtAttribute, TimeToLiveStatus: 'ENABLED' } as const;

describe('a kept table', () => {
  it('is taken up as it was left', () => {
    expect(keptTable('kept', whole, collects)).toEqual({ name: 'kept', arn, streamArn });
    const own = { SSEType: 'KMS', KMSMasterKeyArn: 'arn:aws:kms:eu-central-1:000000000000:key/1' } as const;
    expect(keptTable('kept', { ...whole, SSEDescription: own }, collects).keyArn).toBe(own.KMSMasterKeyArn);
  });

  it('that was restored lacks what DynamoDB does not restore, and is told how to get all of it', () => {
    const { StreamSpecification: _, LatestStreamArn: _2, ...restored } = whole;
    const judge = () =>
      keptTable('kept', { ...restored, DeletionProtectionEnabled: false }, { TimeToLiveStatus: 'DISABLED' });
    expect(judge).toThrow(/^-c tableName=kept: /);
    expect(judge).toThrow('--stream-specification StreamEnabled=true,StreamViewType=KEYS_ONLY');
    expect(judge).toThrow(`--time-to-live-specification Enabled=true,AttributeName=${collectedAtAttribute}`);
    expect(judge).toThrow('--deletion-protection-enabled');
    expect(() => keptTable('kept', { ...whole, GlobalSecondaryIndexes: [] }, collects)).toThrow('no index expiry');
  });

  it('is a table of a cluster, and no other', async () => {
    const other = [{ AttributeName: 'id', KeyType: 'HASH' }] as const;
    const judge = () =>
      keptTable(
        'kept',
        { ...whole, KeySchema: [...other], AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }] },
        collects,
      );
    expect(judge).toThrow('its keys are id HASH S, not p HASH S, s RANGE S');
    expect(() => keptTable('kept', { ...whole, TableStatus: 'CREATING' }, collects)).toThrow('wait until it is ACTIVE');
    const looks = { table: async () => undefined, timeToLive: async () => undefined };
    await expect(lookUpKeptTable('kept', looks)).rejects.toThrow('there is no such table');
  });
});
