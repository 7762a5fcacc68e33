// Clients that are programs of others, against the API server alone.

import { afterEach, beforeEach } from 'vitest';
import { helmChart } from '../../test/clients/helm-chart.ts';
import { informer } from '../../test/clients/informer.ts';
import { type KubectlServer, openKubectl } from './testing/open-kubectl.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
let server: KubectlServer;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
  server = await openKubectl(t);
});

afterEach(async () => {
  await server.close();
  await t.close();
});

helmChart(() => server);
informer(
  () => server,
  async () => {
    const revision = await (await t.replicas.of('configmaps')).catchUp();
    await t.store.compact('configmaps', revision);
  },
);
