// A table that another stack left, or that was restored from a backup, taken up by a new one (`-c tableName=`): looked at before anything is
// deployed, since a cluster over a table without its stream or its keys would come up and lose wake-ups, or fail at its first write.

import type { DescribeTableCommandOutput, DescribeTimeToLiveCommandOutput } from '@aws-sdk/client-dynamodb';
import { collectedAtAttribute, expiryIndex, tableDefinition } from '../core/store/dynamodb/table.ts';

export interface KeptTable {
  readonly name: string;
  readonly arn: string;
  readonly streamArn: string;
  /** Of a key of the account's own, where the table is encrypted with one. */
  readonly keyArn?: string;
}

/** What is asked of DynamoDB: `dynamodb:DescribeTable` and `dynamodb:DescribeTimeToLive`. */
export interface TableLooks {
  table(name: string): Promise<DescribeTableCommandOutput['Table']>;
  timeToLive(name: string): Promise<DescribeTimeToLiveCommandOutput['TimeToLiveDescription']>;
}

/** Throws an Error that names all that the table lacks, and the commands by which it gets it. */
export async function lookUpKeptTable(name: string, looks: TableLooks): Promise<KeptTable> {
  const table = await looks.table(name);
  const timeToLive = table ? await looks.timeToLive(name) : undefined;
  return keptTable(name, table, timeToLive);
}

/** With the caller's own credentials, in the region that the CDK deploys to. */
export async function lookAtDynamo(region: string | undefined): Promise<TableLooks> {
  const { DescribeTableCommand, DescribeTimeToLiveCommand, DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient(region === undefined ? {} : { region });
  return {
    async table(TableName) {
      try {
        return (await client.send(new DescribeTableCommand({ TableName }))).Table;
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
        throw error;
      }
    },
    timeToLive: async (TableName) =>
      (await client.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription,
  };
}

/** Pure. */
export function keptTable(
  name: string,
  table: DescribeTableCommandOutput['Table'],
  timeToLive: DescribeTimeToLiveCommandOutput['TimeToLiveDescription'],
): KeptTable {
  const refuse = (what: string) => new Error(`-c tableName=${name}: ${what}`);
  if (!table) throw refuse('there is no such table in this account and region; the output Kept of a stack names it');
  const { TableArn: arn, LatestStreamArn: streamArn, SSEDescription: encryption } = table;
  if (table.TableStatus !== 'ACTIVE' || arn === undefined)
    throw refuse(`it is ${table.TableStatus}: wait until it is ACTIVE`);
  const wrong = wrongKeys(table);
  if (wrong !== undefined) throw refuse(`${wrong}: it is no table of a Zeroplane cluster, and nothing makes it one`);

  const update = `aws dynamodb update-table --table-name ${name}`;
  const missing: string[] = [];
  if (!table.StreamSpecification?.StreamEnabled || streamArn === undefined)
    missing.push(`it has no stream: ${update} --stream-specification StreamEnabled=true,StreamViewType=KEYS_ONLY`);
  if (!hasExpiryIndex(table)) missing.push(`it has no index ${expiryIndex}: restore it with its indexes`);
  const { AttributeName, TimeToLiveStatus } = timeToLive ?? {};
  if (AttributeName !== collectedAtAttribute || !TimeToLiveStatus?.startsWith('ENABL'))
    missing.push(
      `old log entries are not collected: aws dynamodb update-time-to-live --table-name ${name} --time-to-live-specification Enabled=true,AttributeName=${collectedAtAttribute}`,
    );
  if (!table.DeletionProtectionEnabled)
    missing.push(`it may be deleted by mistake: ${update} --deletion-protection-enabled`);
  if (missing.length > 0 || streamArn === undefined) throw refuse(missing.map((each) => `\n  ${each}`).join(''));
  const keyArn = encryption?.SSEType === 'KMS' ? encryption.KMSMasterKeyArn : undefined;
  return { name, arn, streamArn, ...(keyArn !== undefined && { keyArn }) };
}

type Table = NonNullable<DescribeTableCommandOutput['Table']>;

function wrongKeys({ KeySchema = [], AttributeDefinitions = [] }: Table): string | undefined {
  const typeOf = (name: string | undefined) =>
    AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
  const is = KeySchema.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType} ${typeOf(AttributeName)}`);
  const must = (tableDefinition('').KeySchema ?? []).map(
    ({ AttributeName, KeyType }) => `${AttributeName} ${KeyType} S`,
  );
  return is.join(', ') === must.join(', ') ? undefined : `its keys are ${is.join(', ')}, not ${must.join(', ')}`;
}

function hasExpiryIndex({ GlobalSecondaryIndexes = [] }: Table): boolean {
  const [wanted] = tableDefinition('').GlobalSecondaryIndexes ?? [];
  const names = (keys: readonly { readonly AttributeName?: string | undefined }[] = []) =>
    keys.map(({ AttributeName }) => AttributeName).join();
  return GlobalSecondaryIndexes.some(
    ({ IndexName, KeySchema }) => IndexName === expiryIndex && names(KeySchema) === names(wanted?.KeySchema),
  );
}
