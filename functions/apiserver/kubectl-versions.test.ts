// What kubectl's users do to objects, with this version's and the one before (Kubernetes' version skew policy).

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectlApply } from '../../test/clients/kubectl-apply.ts';
import { type KubectlServer, openKubectl } from './testing/open-kubectl.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

describe.each([
  ['kubectl', 'v1.36.'],
  ['kubectl-1.35', 'v1.35.'],
] as const)('%s', (client, version) => {
  let t: TestApi;
  let server: KubectlServer;
  beforeAll(async () => {
    t = await openTestApi();
    await t.namespace('default');
    server = await openKubectl(t, client);
  });
  afterAll(async () => {
    await server.close();
    await t.close();
  });

  it('is of that version, and takes the server for one that it may talk to', async () => {
    const { code, stdout, stderr } = await server.kubectl.attempt('version');
    expect(code).toBe(0);
    expect(stdout).toContain(`Client Version: ${version}`);
    expect(stdout).toContain('Server Version: v1.36.');
    expect(stderr).not.toContain('WARNING');
  });

  kubectlApply(() => server.kubectl);
});
