// The API that behaviours without a running pod are asked of: an API server in this process, or the functions behind their gateway
// (`ZEROPLANE_CONFORMANCE_ON=aws`, which the vitest project `conformance-aws` sets).

import { bootstrap } from '../../core/registry/bootstrap.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';

export interface ConformanceApi
  extends Pick<TestApi, 'call' | 'get' | 'post' | 'put' | 'patch' | 'remove' | 'watch' | 'close'> {
  /** A new one, in which the service account `default` is. */
  namespace(name: string): Promise<void>;
}

/** Whether it is the functions that are asked. */
export const onAws = process.env['ZEROPLANE_CONFORMANCE_ON'] === 'aws';

/** With everything that a cluster has from its beginning. */
export async function openApi(): Promise<ConformanceApi> {
  if (onAws) return (await import('../aws/conformance-api.ts')).openConformanceApi();
  const t = await openTestApi();
  await bootstrap(t.registry, t.definitions, { advertiseAddress: '192.0.2.1', port: 443 });
  const account = (namespace: string) =>
    t.post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
  await account('default');
  return {
    ...t,
    async namespace(name) {
      await t.namespace(name);
      await account(name);
    },
  };
}
