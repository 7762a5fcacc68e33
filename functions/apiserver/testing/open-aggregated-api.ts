// The test API with the first objects of a cluster, a front proxy, and an extension API server behind a Service.

import { bootstrap } from '../../../core/registry/bootstrap.ts';
import { type Reach, reachEndpoints } from '../../../core/registry/reach.ts';
import type { ApiServerOptions } from '../handler.ts';
import { createTestAuthority } from './certificates.ts';
import { type ExtensionApiServer, openExtensionApiServer } from './extension-api-server.ts';
import { openTestApi } from './open-test-api.ts';

export const wardle = 'wardle.example.com';
export const apiServiceName = `v1alpha1.${wardle}`;
export const flunders = `/apis/${wardle}/v1alpha1/namespaces/default/flunders`;
const apiServices = '/apis/apiregistration.k8s.io/v1/apiservices';

export async function openAggregatedApi(more: Partial<ApiServerOptions> = {}) {
  const frontProxyAuthority = await createTestAuthority('front-proxy-ca');
  const serving = await createTestAuthority('wardle-ca');
  const frontProxy = await frontProxyAuthority.client('front-proxy-client', []);
  let server: ExtensionApiServer | undefined;
  const dialled: { readonly host: string; readonly port: number }[] = [];
  const direct = reachEndpoints();
  const reach: Reach = async ({ host, port }) => {
    dialled.push({ host, port });
    return direct({ host: '127.0.0.1', port: server?.port ?? 1 });
  };
  const t = await openTestApi({ frontProxy, reach, ...more });
  await bootstrap(t.registry, t.definitions, {
    advertiseAddress: '192.0.2.1',
    port: 6443,
    extensionAuthentication: {
      clientCA: serving.cert,
      requestHeaderCA: frontProxyAuthority.cert,
      allowedNames: ['front-proxy-client'],
    },
  });
  const apiService = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: apiServiceName },
    spec: {
      group: wardle,
      version: 'v1alpha1',
      groupPriorityMinimum: 2000,
      versionPriority: 200,
      service: { namespace: 'default', name: 'sample-api', port: 7443 },
      caBundle: Buffer.from(serving.cert).toString('base64'),
    },
  };

  return {
    ...t,
    frontProxy,
    reach,
    apiService,
    apiServices,
    /** Addresses that connections were to be made to, the oldest first. */
    dialled,
    get server(): ExtensionApiServer {
      if (!server) throw new Error('the extension API server does not run');
      return server;
    },
    /** Starts it as any extension API server does: from what the cluster's ConfigMap says. */
    async startServer() {
      const { data } = (await t.get('/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'))
        .body;
      server = await openExtensionApiServer({
        certificate: await serving.server('sample-api.default.svc'),
        requestHeaderCA: data['requestheader-client-ca-file'],
        allowedNames: JSON.parse(data['requestheader-allowed-names']),
      });
    },
    async stopServer() {
      await server?.close();
      server = undefined;
    },
    async makeService() {
      await t.create('services', 'default', {
        metadata: { name: 'sample-api' },
        spec: { ports: [{ port: 7443, targetPort: 443 }] },
      });
    },
    async makeEndpoints(ready = true) {
      await t.create('discovery.k8s.io/endpointslices', 'default', {
        metadata: { name: 'sample-api-1', labels: { 'kubernetes.io/service-name': 'sample-api' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.244.0.9'], conditions: { ready } }],
        ports: [{ name: '', port: 443, protocol: 'TCP' }],
      });
    },
    async condition() {
      const { body } = await t.get(`${apiServices}/${apiServiceName}`);
      return body.status?.conditions?.find((each: { type: string }) => each.type === 'Available');
    },
    async close() {
      await t.close();
      await server?.close();
    },
  };
}

export type AggregatedApi = Awaited<ReturnType<typeof openAggregatedApi>>;
