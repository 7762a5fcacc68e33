// What kubectl prints when an object of a kind lacks what it must have, or has what it must not: one row a case.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../machinery/object.ts';
import { openTestRegistry, type TestRegistry } from '../registry/testing.ts';
import { problems } from '../registry/testing-kinds.ts';

let t: TestRegistry;

beforeAll(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});

afterAll(() => t.close());

const clusterScoped = (type: string) => !t.definitions.ofType(type)?.namespaced;

function create(type: string, object: object, dryRun = true): Promise<unknown> {
  // A test's own object, which is there to be wrong.
  const body = { metadata: { name: 'a' }, ...object } as KubeObject;
  return t.registry.create(t.context, t.target(type, clusterScoped(type) ? undefined : 'default'), body, { dryRun });
}

const pod = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const selector = { matchLabels: { a: 'b' } };
const claim = (request: object, more: object = {}) => ({ spec: { devices: { requests: [request], ...more } } });
const scaleTargetRef = { kind: 'Deployment', name: 'd' };
const hook = { name: 'a.b.c', sideEffects: 'None', admissionReviewVersions: ['v1'] };

describe('an object is refused', () => {
  it.each<[string, object, readonly string[]]>([
    // core
    ['pods', {}, ['spec.containers: Required value']],
    ['pods', { spec: {} }, ['spec.containers: Required value']],
    ['pods', { spec: { containers: [{ image: 'i' }] } }, ['spec.containers[0].name: Required value']],
    [
      'pods',
      {
        spec: {
          restartPolicy: 'Never',
          containers: [
            { name: 'c', image: 'i', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] },
          ],
        },
      },
      [
        "spec.containers[0].resizePolicy[0].restartPolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when `restartPolicy` is 'Never'",
      ],
    ],
    [
      'pods',
      {
        spec: {
          hostPID: true,
          shareProcessNamespace: true,
          hostAliases: [{ ip: '1.2.3' }],
          containers: [{ name: 'c', image: 'i' }],
        },
      },
      [
        'spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
      ],
    ],
    [
      'pods',
      {
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { requests: { 'hugepages-2Mi': '3Mi' }, limits: { 'hugepages-2Mi': '3Mi' } },
            },
          ],
        },
      },
      [
        'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
        'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
        'spec.containers[0].resources: Forbidden: HugePages require cpu or memory',
      ],
    ],
    [
      'pods',
      {
        spec: {
          containers: [
            {
              name: 'c',
              image: 'i',
              resources: { limits: { 'hugepages-2Mi': '4Mi' }, claims: [{ name: 'nope' }, { name: 'nope' }, {}] },
            },
          ],
        },
      },
      [
        'spec.containers[0].resources: Forbidden: HugePages require cpu or memory',
        'spec.containers[0].resources.claims[0]: Not found: "nope": must be one of the names in pod.spec.resourceClaims which is empty',
        'spec.containers[0].resources.claims[1]: Duplicate value: "nope"',
        'spec.containers[0].resources.claims[1]: Not found: "nope": must be one of the names in pod.spec.resourceClaims which is empty',
        'spec.containers[0].resources.claims[2]: Required value',
      ],
    ],
    [
      'pods',
      { spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { 'example.com/gpu': '500m' } } }] } },
      [
        'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer',
        'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer',
      ],
    ],
    [
      'pods',
      { spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { 'example.com/gpu': '1' } } }] } },
      ['spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources'],
    ],
    [
      'pods',
      {
        spec: {
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name: 'c',
              image: 'i',
              env: [
                { name: 'A', valueFrom: { fileKeyRef: { volumeName: 'none', path: '../x', key: 'k' } } },
                { name: 'B', valueFrom: { fileKeyRef: { volumeName: 'v', path: '/x', key: '=' } } },
                { name: 'C', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a b']" } } },
                { name: 'D', valueFrom: { fieldRef: { fieldPath: "spec.nodeName['a']" } } },
                { name: 'E', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1k' } } },
                { name: 'F', valueFrom: { resourceFieldRef: { resource: 'limits.pens' } } },
                { name: 'G', valueFrom: { configMapKeyRef: { name: 'a/b', key: '..k' } } },
              ],
              envFrom: [{ secretRef: { name: '../x' } }],
              lifecycle: { preStop: { sleep: { seconds: 6 } } },
              readinessProbe: { httpGet: { port: 1, httpHeaders: [{ name: 'a: b', value: '' }] } },
            },
          ],
          volumes: [{ name: 'v', hostPath: { path: '/x' } }],
        },
      },
      [
        'spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: "none"',
        `spec.containers[0].env[0].valueFrom.fileKeyRef.path: Invalid value: "../x": must not contain '..'`,
        'spec.containers[0].env[1].valueFrom.fileKeyRef.volumeName: Invalid value: "v": referenced volume must be of type emptyDir',
        'spec.containers[0].env[1].valueFrom.fileKeyRef.path: Invalid value: "/x": must be a relative path',
        `spec.containers[0].env[1].valueFrom.fileKeyRef.key: Invalid value: "=": a valid environment variable name must consist only of printable ASCII characters other than '='`,
        `spec.containers[0].env[2].valueFrom.fieldRef: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
        `spec.containers[0].env[3].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nodeName['a']": error converting fieldPath: field label does not support subscript`,
        `spec.containers[0].env[4].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
        'spec.containers[0].env[5].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.pens": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"',
        `spec.containers[0].env[6].valueFrom.configMapKeyRef.name: Invalid value: "a/b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
        `spec.containers[0].env[6].valueFrom.configMapKeyRef.key: Invalid value: "..k": must not start with '..'`,
        `spec.containers[0].envFrom[0].secretRef.name: Invalid value: "../x": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
        `spec.containers[0].readinessProbe.httpGet.httpHeaders: Invalid value: "a: b": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')`,
        'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 6: must be non-negative and less than terminationGracePeriodSeconds (5)',
      ],
    ],
    ['replicationcontrollers', { spec: {} }, ['spec.selector: Required value', 'spec.template: Required value']],
    ['services', { spec: {} }, ['spec.ports: Required value']],
    [
      'services',
      { spec: { ports: [{ port: 1 }], ipFamilies: ['IPv5', 'IPv4', 'IPv4'] } },
      [
        'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
        'spec.ipFamilies[2]: Duplicate value: "IPv4"',
      ],
    ],
    [
      'services',
      { spec: { ports: [{ port: 1 }], loadBalancerSourceRanges: ['x'] } },
      [
        "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        'spec.LoadBalancerSourceRanges[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
    ],
    ['podtemplates', {}, ['template.spec.containers: Required value']],
    // What an enum has is its table's word alone.
    [
      'pods',
      {
        spec: {
          containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, protocol: 'x' }] }],
          securityContext: { fsGroupChangePolicy: 'x' },
          tolerations: [{ key: 'a', effect: 'x' }],
          volumes: [{ name: 'v', hostPath: { path: '/', type: 'x' } }],
        },
      },
      [
        'spec.containers[0].ports[0].protocol: Unsupported value: "x": supported values: "SCTP", "TCP", "UDP"',
        'spec.securityContext.fsGroupChangePolicy: Unsupported value: "x": supported values: "Always", "OnRootMismatch"',
        'spec.tolerations[0].effect: Unsupported value: "x": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
        'spec.volumes[0].hostPath.type: Unsupported value: "x": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
      ],
    ],
    [
      'services',
      { spec: { ports: [{ port: 1 }], sessionAffinity: 'x', internalTrafficPolicy: 'x' } },
      [
        'spec.sessionAffinity: Unsupported value: "x": supported values: "ClientIP", "None"',
        'spec.internalTrafficPolicy: Unsupported value: "x": supported values: "Cluster", "Local"',
      ],
    ],
    [
      'policy/poddisruptionbudgets',
      { spec: { unhealthyPodEvictionPolicy: 'x' } },
      ['spec.unhealthyPodEvictionPolicy: Unsupported value: "x": supported values: "AlwaysAllow", "IfHealthyBudget"'],
    ],
    // Pods that are to run for ever have no deadline.
    ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'].map((kind): [string, object, string[]] => [
      `apps/${kind.toLowerCase()}s`,
      { spec: { selector, template: { ...pod, spec: { ...pod.spec, activeDeadlineSeconds: 1 } } } },
      [
        `spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ${kind === 'Deployment' ? 'ReplicaSet' : kind} is not Supported`,
      ],
    ]),
    [
      'persistentvolumeclaims',
      { spec: {} },
      [
        'spec.accessModes: Required value: at least 1 access mode is required',
        'spec.resources[storage]: Required value',
      ],
    ],
    [
      'persistentvolumes',
      { spec: {} },
      [
        'spec.accessModes: Required value',
        'spec.capacity: Required value',
        'spec.capacity: Unsupported value: {}: supported values: "storage"',
        'spec: Required value: must specify a volume type',
      ],
    ],
    [
      'limitranges',
      { spec: { limits: [{ type: 'Pod', default: { cpu: '1' } }, { type: 'Pod' }] } },
      [
        `spec.limits[0].default: Forbidden: may not be specified when \`type\` is 'Pod'`,
        'spec.limits[1].type: Duplicate value: "Pod"',
      ],
    ],
    [
      'limitranges',
      { spec: { limits: [{ type: 'PersistentVolumeClaim' }] } },
      [
        'spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
      ],
    ],
    [
      'resourcequotas',
      { spec: { hard: { cpu: '-1' } } },
      ['spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    [
      'resourcequotas',
      { spec: { hard: { cpu: '1' }, scopes: ['BestEffort', 'NotBestEffort', 'Idle'] } },
      [
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Idle"]: unsupported scope applied to resource',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Idle"]: unsupported scope',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Idle"]: conflicting scopes',
      ],
    ],
    ['endpoints', { subsets: [{}] }, ['subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`']],
    [
      'endpoints',
      { subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ port: 80 }, { port: 0, name: 'b' }] }] },
      [
        'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        'subsets[0].ports[0].name: Required value',
        'subsets[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      'nodes',
      { spec: { taints: [{ key: 'k' }, { key: 'k', effect: 'Never' }, {}] } },
      [
        'metadata.taints[0].effect: Required value',
        'metadata.taints[1].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        'metadata.taints[2].key: Invalid value: "": name part must be non-empty',
        expect.stringMatching(/^metadata.taints\[2\].key: Invalid value: "": name part must consist of /),
        'metadata.taints[2].effect: Required value',
      ],
    ],
    // apps and batch
    [
      'apps/deployments',
      {},
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
        'spec.template.spec.containers: Required value',
      ],
    ],
    [
      'apps/deployments',
      { spec: { selector, template: { metadata: pod.metadata } } },
      ['spec.template.spec.containers: Required value'],
    ],
    [
      'apps/daemonsets',
      { spec: { selector: {}, template: pod } },
      ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset'],
    ],
    [
      'apps/controllerrevisions',
      { revision: -1 },
      ['data: Required value: data is mandatory', 'revision: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'batch/jobs',
      { spec: { template: pod } },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'batch/cronjobs',
      { spec: {} },
      [
        'spec.schedule: Required value',
        'spec.jobTemplate.spec.template.spec.containers: Required value',
        'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
      ],
    ],
    // autoscaling and policy
    [
      'autoscaling/horizontalpodautoscalers',
      { spec: {} },
      [
        'spec.maxReplicas: Invalid value: 0: must be greater than 0',
        'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
        'spec.scaleTargetRef.kind: Required value',
        'spec.scaleTargetRef.name: Required value',
      ],
    ],
    [
      'policy/poddisruptionbudgets',
      { spec: { minAvailable: -1 } },
      ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'],
    ],
    // networking
    [
      'networking.k8s.io/ingresses',
      { spec: {} },
      ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
    ],
    [
      'networking.k8s.io/ingresses',
      { spec: { rules: [{ host: '1.2.3.4', http: { paths: [{ path: 'x', backend: {} }] } }, { http: {} }] } },
      [
        'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
        'spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified',
        'spec.rules[1].http.paths: Required value',
      ],
    ],
    [
      'networking.k8s.io/ingresses',
      {
        metadata: { name: 'a', annotations: { 'kubernetes.io/ingress.class': 'x' } },
        spec: { ingressClassName: 'y', defaultBackend: { service: { name: 's', port: {} } } },
      },
      [
        'spec.defaultBackend: Required value: port name or number is required',
        'annotations.kubernetes.io/ingress.class: Invalid value: "x": must match `ingressClassName` when both are specified',
      ],
    ],
    [
      'networking.k8s.io/ingresses',
      {
        spec: {
          rules: [
            {
              http: {
                paths: [
                  { path: '/a//b', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 70000 } } } },
                ],
              },
            },
          ],
        },
      },
      [
        `spec.rules[0].http.paths[0].path: Invalid value: "/a//b": must not contain '//'`,
        'spec.rules[0].http.paths[0].backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
    ],
    ['networking.k8s.io/ingressclasses', { spec: {} }, ['spec.controller: Required value']],
    [
      'networking.k8s.io/ingressclasses',
      { spec: { controller: 'x', parameters: { kind: 'K', namespace: 'n' } } },
      [
        'spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
        'spec.parameters.name: Required value',
        `spec.parameters.namespace: Forbidden: \`parameters.scope\` is set to 'Cluster'`,
      ],
    ],
    [
      'networking.k8s.io/networkpolicies',
      {
        spec: {
          ingress: [
            {
              from: [
                {},
                { ipBlock: {} },
                { ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } },
                { podSelector: {}, ipBlock: { cidr: '::/0' } },
              ],
            },
          ],
        },
      },
      [
        'spec.ingress[0].from[0]: Required value: must specify a peer',
        'spec.ingress[0].from[1].ipBlock.cidr: Required value',
        'spec.ingress[0].from[2].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
        'spec.ingress[0].from[3]: Forbidden: may not specify both ipBlock and another peer',
      ],
    ],
    [
      'networking.k8s.io/networkpolicies',
      { spec: { egress: [{ ports: [{ port: 80, endPort: 79 }, { endPort: 80 }, { port: 'http', endPort: 1 }] }] } },
      [
        'spec.egress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`',
        'spec.egress[0].ports[1].endPort: Invalid value: 80: may not be specified when `port` is not specified',
        'spec.egress[0].ports[2].endPort: Invalid value: 1: may not be specified when `port` is non-numeric',
      ],
    ],
    ['networking.k8s.io/servicecidrs', { spec: {} }, ['spec.cidrs: Required value: at least one CIDR required']],
    [
      'networking.k8s.io/servicecidrs',
      { spec: { cidrs: ['10.0.0.0/24', '10.1.0.0/24'] } },
      [
        'spec.cidrs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ],
    ],
    [
      'networking.k8s.io/servicecidrs',
      { spec: { cidrs: ['10.0.0.1/24', 'x'] } },
      [
        'spec.cidrs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length',
        'spec.cidrs[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
    ],
    [
      'networking.k8s.io/ipaddresses',
      { metadata: { name: '2001:DB8::1' } },
      [
        'metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")',
        'spec.parentRef: Required value',
      ],
    ],
    [
      'networking.k8s.io/ipaddresses',
      { metadata: { name: '10.0.0.1' }, spec: { parentRef: {} } },
      ['spec.parentRef.resource: Required value', 'spec.parentRef.name: Required value'],
    ],
    ['discovery.k8s.io/endpointslices', {}, ['addressType: Required value']],
    [
      'discovery.k8s.io/endpointslices',
      { addressType: 'IPv4', endpoints: [{}, { addresses: ['::1', '169.254.1.1'] }], ports: [{ name: '' }, {}] },
      [
        'ports[1].name: Duplicate value: ""',
        'endpoints[0].addresses: Required value: must contain at least 1 address',
        'endpoints[1].addresses: Invalid value: "::1": must be an IPv4 address',
        'endpoints[1].addresses[0]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        'endpoints[1].addresses[1]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      ],
    ],
    // rbac and admission
    [
      'rbac.authorization.k8s.io/rolebindings',
      {},
      ['roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"', 'roleRef.name: Required value'],
    ],
    [
      'rbac.authorization.k8s.io/roles',
      { rules: [{}] },
      [
        'rules[0].verbs: Required value: verbs must contain at least one value',
        'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
        'rules[0].resources: Required value: resource rules must supply at least one resource',
      ],
    ],
    [
      'admissionregistration.k8s.io/validatingwebhookconfigurations',
      { webhooks: [hook] },
      ['webhooks[0].clientConfig: Required value: exactly one of url or service is required'],
    ],
    [
      'admissionregistration.k8s.io/mutatingwebhookconfigurations',
      { webhooks: [{ ...hook, clientConfig: {} }] },
      ['webhooks[0].clientConfig: Required value: exactly one of url or service is required'],
    ],
    [
      'admissionregistration.k8s.io/validatingadmissionpolicies',
      { spec: {} },
      [
        'spec.matchConstraints: Required value',
        'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
        'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
      ],
    ],
    [
      'admissionregistration.k8s.io/validatingadmissionpolicybindings',
      { spec: {} },
      [
        'spec.policyName: Required value',
        'spec.validationActions: Required value: at least one validation action is required',
      ],
    ],
    // the rest
    [
      'scheduling.k8s.io/priorityclasses',
      { value: 2_000_000_000 },
      ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    ],
    ['node.k8s.io/runtimeclasses', {}, [expect.stringContaining('handler: Invalid value: ""')]],
    [
      'node.k8s.io/runtimeclasses',
      { handler: 'h', overhead: { podFixed: { cpu: '-1' } } },
      ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    [
      'certificates.k8s.io/certificatesigningrequests',
      { spec: {} },
      expect.arrayContaining([
        'spec.request: Invalid value: "": PEM block type must be CERTIFICATE REQUEST',
        'spec.usages: Required value',
        'spec.signerName: Required value',
      ]) as never,
    ],
  ])('%s %j', async (type, object, expected) => {
    expect(await problems(create(type, object))).toEqual(expected);
  });
});

describe('an object is taken', () => {
  it.each<[string, object]>([
    ['apps/deployments', { spec: { selector, template: pod } }],
    [
      'networking.k8s.io/ingresses',
      {
        spec: {
          ingressClassName: 'c',
          rules: [
            {
              host: '*.example.com',
              http: {
                paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { name: 'http' } } } }],
              },
            },
          ],
          tls: [{ hosts: ['*.example.com'], secretName: 's' }],
        },
      },
    ],
    [
      'networking.k8s.io/ingressclasses',
      {
        spec: {
          controller: 'example.com/c',
          parameters: { apiGroup: 'g.io', kind: 'K', name: 'n', namespace: 'x', scope: 'Namespace' },
        },
      },
    ],
    [
      'networking.k8s.io/networkpolicies',
      {
        spec: {
          podSelector: {},
          ingress: [
            {
              from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }],
              ports: [{ port: 1, endPort: 2 }, { port: 'http' }, {}],
            },
          ],
        },
      },
    ],
    ['networking.k8s.io/servicecidrs', { spec: { cidrs: ['10.0.0.0/24', '2001:db8::/112'] } }],
    [
      'autoscaling/horizontalpodautoscalers',
      {
        spec: {
          scaleTargetRef,
          maxReplicas: 2,
          behavior: { scaleUp: { stabilizationWindowSeconds: 10 } },
          metrics: [
            { type: 'External', external: { metric: { name: 'm' }, target: { type: 'Value', value: '2' } } },
            {
              type: 'ContainerResource',
              containerResource: {
                name: 'cpu',
                container: 'c',
                target: { type: 'Utilization', averageUtilization: 10 },
              },
            },
          ],
        },
      },
    ],
    ['coordination.k8s.io/leases', { spec: { holderIdentity: 'x', leaseDurationSeconds: 1 } }],
    [
      'storage.k8s.io/csidrivers',
      { metadata: { name: 'inline-driver.example.com' }, spec: { volumeLifecycleModes: ['Ephemeral'] } },
    ],
    [
      'storage.k8s.io/volumeattachments',
      { spec: { attacher: 'd.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } } },
    ],
    ['endpoints', { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] }],
    [
      'resource.k8s.io/resourceclaims',
      claim(
        {
          name: 'r',
          exactly: {
            deviceClassName: 'c',
            selectors: [{ cel: { expression: `device.driver == 'd' && device.attributes['d'].size > 1` } }],
          },
        },
        { constraints: [{ requests: ['r'], matchAttribute: 'd.example.com/numa' }] },
      ),
    ],
    [
      'resource.k8s.io/resourceslices',
      {
        spec: {
          driver: 'd.example.com',
          nodeName: 'n',
          pool: { name: 'n/p', generation: 1, resourceSliceCount: 1 },
          devices: [{ name: 'd0', attributes: { model: { string: 'x' } }, capacity: { memory: { value: '1Gi' } } }],
        },
      },
    ],
  ])('%s %j', async (type, object) => {
    expect(await problems(create(type, object))).toEqual([]);
  });
});

describe('an update is refused', () => {
  it.each<[string, object, object, readonly string[]]>([
    [
      'networking.k8s.io/ingressclasses',
      { spec: { controller: 'a.io/c' } },
      { spec: { controller: 'b.io/c' } },
      ['spec.controller: Invalid value: "b.io/c": field is immutable'],
    ],
    [
      'networking.k8s.io/servicecidrs',
      { spec: { cidrs: ['10.2.0.0/24'] } },
      { spec: { cidrs: ['10.3.0.0/24'] } },
      ['spec.cidrs[0]: Invalid value: "10.3.0.0/24": field is immutable'],
    ],
    [
      'storage.k8s.io/csidrivers',
      { spec: { attachRequired: true } },
      { spec: { attachRequired: false } },
      ['spec.attachedRequired: Invalid value: false: field is immutable'],
    ],
    [
      'storage.k8s.io/volumeattributesclasses',
      { driverName: 'd', parameters: { a: 'b' } },
      { parameters: { a: 'c' } },
      ['parameters: Forbidden: updates to parameters are forbidden.'],
    ],
    [
      'resource.k8s.io/resourceclaims',
      claim({ name: 'r', exactly: { deviceClassName: 'c' } }),
      claim({ name: 'r', exactly: { deviceClassName: 'd' } }),
      [expect.stringMatching(/^spec: Invalid value: .*: field is immutable$/)],
    ],
    [
      'rbac.authorization.k8s.io/rolebindings',
      { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' } },
      { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'b' } },
      [
        'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: cannot change roleRef',
      ],
    ],
    [
      'apps/controllerrevisions',
      { data: { a: 1 }, revision: 1 },
      { data: { a: 2 } },
      ['data: Invalid value: {"a":2}: field is immutable'],
    ],
    [
      'nodes',
      { spec: { podCIDR: '10.9.0.0/24', providerID: 'p' } },
      { spec: { podCIDR: '10.8.0.0/24', podCIDRs: ['10.8.0.0/24'], providerID: 'q' } },
      [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
        'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
      ],
    ],
    [
      'discovery.k8s.io/endpointslices',
      { addressType: 'IPv4' },
      { addressType: 'IPv6' },
      ['addressType: Invalid value: "IPv6": field is immutable'],
    ],
  ])('%s %j', async (type, object, change, expected) => {
    const made = (await create(type, { metadata: { name: 'updated' }, ...object }, false)) as { object: KubeObject };
    const target = t.target(type, clusterScoped(type) ? undefined : 'default', 'updated');
    // As a client that read it: some kinds take no unconditional update.
    const { resourceVersion } = made.object.metadata;
    const patch = { ...change, metadata: { resourceVersion } };
    expect(await problems(t.registry.patch(t.context, target, 'merge', patch))).toEqual(expected);
  });
});
