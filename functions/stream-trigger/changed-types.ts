// Which types a batch of the table's stream records wrote. The records' order and content mean nothing here: they are hints (D2).

import type { TypeName } from '../../core/store/store.ts';

/** What is read of an event of a DynamoDB stream. */
export interface StreamEvent {
  readonly Records: readonly {
    readonly eventName?: string;
    readonly dynamodb?: { readonly Keys?: Readonly<Record<string, { readonly S?: string }>> };
  }[];
}

const logPartition = /^log#(.+)#\d+$/;

export function changedTypes({ Records }: StreamEvent): Set<TypeName> {
  const types = new Set<TypeName>();
  for (const { eventName, dynamodb } of Records) {
    if (eventName !== 'INSERT') continue;
    const [, type] = logPartition.exec(dynamodb?.Keys?.['p']?.S ?? '') ?? [];
    if (type !== undefined) types.add(type);
  }
  return types;
}
