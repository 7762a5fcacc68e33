import { expect, it } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { cancelled, conditionFailed, refused } from '../../../test/simulation/model/errors.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { reportThrottles } from './throttles.ts';

it('tells of requests that were refused because of too many, and of nothing else', async () => {
  let throttled = 0;
  const calls = modelCalls(new ModelTable(Date.now));
  let error: Error | undefined;
  const failing = reportThrottles(
    {
      ...calls,
      getItem: async (input) => {
        if (error) throw error;
        return calls.getItem(input);
      },
      transactWriteItems: async () => {
        throw error;
      },
    },
    () => throttled++,
  );
  const get = () => failing.getItem({ TableName: 'store', Key: { p: { S: 'a' }, s: { S: 'b' } } });
  await get();
  for (error of [refused('ProvisionedThroughputExceededException'), refused('ThrottlingException')])
    await expect(get()).rejects.toBe(error);
  expect(throttled).toBe(2);
  error = cancelled([{ Code: 'None' }, { Code: 'ThrottlingError' }]);
  await expect(failing.transactWriteItems({ TransactItems: [] })).rejects.toBe(error);
  expect(throttled).toBe(3);
  for (error of [
    conditionFailed(undefined),
    refused('TransactionConflictException'),
    cancelled([{ Code: 'ConditionalCheckFailed' }]),
  ])
    await expect(get()).rejects.toBe(error);
  expect(throttled).toBe(3);
});
