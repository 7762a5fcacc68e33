import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

// As on AWS: without a front proxy nothing leads to other servers.
let t: TestApi;
beforeEach(async () => {
  t = await openTestApi();
});
afterEach(() => t.close());

const widgets = '/apis/wardle.example.com/v1/namespaces/default/widgets';

it('says of a group version that another server should answer why it is not answered', async () => {
  expect(await t.get(widgets)).toMatchObject({ status: 404 });
  const made = await t.post('/apis/apiregistration.k8s.io/v1/apiservices', {
    metadata: { name: 'v1.wardle.example.com' },
    spec: {
      ...{ group: 'wardle.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 },
      service: { namespace: 'wardle', name: 'api', port: 443 },
    },
  });
  expect(made.status).toBe(201);
  expect(await t.get(widgets)).toMatchObject({
    status: 503,
    body: {
      ...{ kind: 'Status', reason: 'ServiceUnavailable' },
      message: expect.stringContaining('leads to the Service "wardle/api"'),
    },
  });
  expect(await t.get('/apis/wardle.example.com/v2/widgets')).toMatchObject({ status: 404 });
  expect(await t.remove('/apis/apiregistration.k8s.io/v1/apiservices/v1.wardle.example.com')).toMatchObject({
    status: 200,
  });
  expect(await t.get(widgets)).toMatchObject({ status: 404 });
});
