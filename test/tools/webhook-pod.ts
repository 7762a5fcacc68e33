// A pod that answers in TLS as webhooks of public products do, and as an extension API server: what cert-manager and Kyverno rest on, in
// small. With the objects around it.

import { createTestAuthority } from '../../functions/apiserver/testing/certificates.ts';
import type { V1Deployment, V1Secret, V1Service } from '../../generated/kubernetes.ts';

export const nodeImage = 'zeroplane.local/node:24';
const hookName = 'hook';
export const hookGroup = 'certs.example.com';
export const thingsGroup = 'things.example.com';

export interface HookPod {
  /** A Secret with its certificate, a Deployment and a Service of port 443. */
  readonly objects: readonly (V1Secret | V1Deployment | V1Service)[];
  /** PEM in base64. */
  readonly caBundle: string;
  /** Of a WebhookClientConfig. */
  clientConfig(path: string): object;
}

export interface HookPodOptions {
  /** PEM: whose client certificates it believes who asks for its `things`. Without it everybody is believed. */
  readonly requestHeaderCA?: string;
}

/** In the namespace `default`. */
export async function createHookPod({ requestHeaderCA = '' }: HookPodOptions = {}): Promise<HookPod> {
  const authority = await createTestAuthority('hook-ca');
  const { cert, key } = await authority.server(`${hookName}.default.svc`);
  const caBundle = Buffer.from(authority.cert).toString('base64');
  const labels = { app: hookName };
  return {
    caBundle,
    clientConfig: (path) => ({ service: { namespace: 'default', name: hookName, path }, caBundle }),
    objects: [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: hookName },
        stringData: { cert, key, ca: requestHeaderCA },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: hookName },
        spec: { selector: labels, ports: [{ port: 443, targetPort: 'https' }] },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: hookName, labels },
        spec: {
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              terminationGracePeriodSeconds: 1,
              containers: [
                {
                  name: 'main',
                  image: nodeImage,
                  command: ['node', '-e', program],
                  ports: [{ name: 'https', containerPort: 8443 }],
                  readinessProbe: { tcpSocket: { port: 'https' }, periodSeconds: 1 },
                  volumeMounts: [{ name: 'tls', mountPath: '/tls' }],
                },
              ],
              volumes: [{ name: 'tls', secret: { secretName: hookName } }],
            },
          },
        },
      },
    ],
  };
}

/** Its command, in plain JavaScript: the image holds Node alone. */
const program = `
const https = require('node:https'), fs = require('node:fs');
const [cert, key, ca] = ['cert', 'key', 'ca'].map((file) => fs.readFileSync('/tls/' + file, 'utf8'));
const proxied = ca ? { ca, requestCert: true, rejectUnauthorized: false } : {};
const patch = (...operations) => ({ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') });
const reviews = {
  '/mutate': ({ object }) => patch(
    ...(object.metadata.labels ? [] : [{ op: 'add', path: '/metadata/labels', value: {} }]),
    { op: 'add', path: '/metadata/labels/injected', value: 'yes' }),
  '/validate': ({ object }) => object?.metadata.labels?.deny
    ? { allowed: false, status: { message: 'denied by its label' } } : { allowed: true },
  '/convert': ({ objects, desiredAPIVersion }) => ({
    result: { status: 'Success' },
    convertedObjects: objects.map(({ spec: { dnsName, dnsNames, ...spec } = {}, ...each }) => ({
      ...each, apiVersion: desiredAPIVersion,
      spec: desiredAPIVersion.endsWith('/v1') ? { ...spec, dnsNames: dnsNames ?? [dnsName] } : { ...spec, dnsName: dnsName ?? dnsNames[0] },
    })),
  }),
};
const things = '/apis/${thingsGroup}/v1';
const documents = (headers) => ({
  [things]: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: '${thingsGroup}/v1',
    resources: [{ name: 'things', singularName: 'thing', kind: 'Thing', namespaced: true, verbs: ['get', 'list'] }] },
  [things + '/namespaces/default/things']: { kind: 'ThingList', apiVersion: '${thingsGroup}/v1', metadata: {},
    items: [{ kind: 'Thing', apiVersion: '${thingsGroup}/v1', metadata: { name: 'asked-by-' + headers['x-remote-user'], namespace: 'default' } }] },
});
https.createServer({ cert, key, ...proxied }, (request, response) => {
  const { pathname } = new URL(request.url, 'https://hook');
  const chunks = [];
  const answer = (status, body) => { response.writeHead(status, { 'content-type': 'application/json' }); response.end(JSON.stringify(body)); };
  request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
    if (pathname === '/hang') return;
    const review = reviews[pathname];
    if (!review) {
      if (ca && !(request.socket.authorized && request.socket.getPeerCertificate().subject.CN === 'front-proxy-client'))
        return answer(401, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
      const document = documents(request.headers)[pathname];
      return document ? answer(200, document) : answer(404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound', message: pathname });
    }
    const { apiVersion, kind, request: asked } = JSON.parse(Buffer.concat(chunks).toString());
    answer(200, { apiVersion, kind, response: { uid: asked.uid, ...review(asked) } });
  });
}).listen(8443);
process.on('SIGTERM', () => process.exit(0));
`;

/** A definition of certificates in two versions, converted by the pod. */
export function certificateDefinition(hook: HookPod): object {
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `certificates.${hookGroup}` },
    spec: {
      group: hookGroup,
      scope: 'Namespaced',
      names: { plural: 'certificates', kind: 'Certificate' },
      versions: [
        { name: 'v1', served: true, storage: true, schema },
        { name: 'v1alpha1', served: true, storage: false, schema },
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: { conversionReviewVersions: ['v1'], clientConfig: hook.clientConfig('/convert') },
      },
    },
  };
}

export function certificate(name: string, version: string, spec: object, labels = {}): object {
  return { apiVersion: `${hookGroup}/${version}`, kind: 'Certificate', metadata: { name, labels }, spec };
}

/** A configuration with one webhook, for what `rule` says. */
export function hookConfiguration(
  kind: 'Mutating' | 'Validating',
  name: string,
  hook: HookPod,
  path: string,
  rule: { readonly apiGroups: readonly string[]; readonly resources: readonly string[] },
  more: object = {},
): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: hook.clientConfig(path),
        rules: [{ operations: ['CREATE', 'UPDATE'], apiVersions: ['*'], ...rule }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        // What it needs to run itself is not its business, as webhooks of products have it.
        objectSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: [hookName] }] },
        ...more,
      },
    ],
  };
}

/** An APIService of the resources `things`, which the pod answers. */
export function thingsService(hook: HookPod): object {
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1.${thingsGroup}` },
    spec: {
      group: thingsGroup,
      version: 'v1',
      groupPriorityMinimum: 1000,
      versionPriority: 10,
      caBundle: hook.caBundle,
      service: { namespace: 'default', name: hookName, port: 443 },
    },
  };
}
