// Warnings that clients get for objects that are taken: one row a warning.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../machinery/object.ts';
import { contextOf, openTestRegistry, type TestRegistry } from '../registry/testing.ts';

let t: TestRegistry;

beforeAll(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});

afterAll(() => t.close());

async function created(type: string, object: object): Promise<{ warnings: string[]; object: KubeObject }> {
  const context = contextOf();
  const namespace = t.definitions.ofType(type)?.namespaced ? 'default' : undefined;
  // A test's own object.
  const body = { metadata: { name: 'a' }, ...object } as KubeObject;
  const outcome = await t.registry.create(context, t.target(type, namespace), body, { dryRun: true });
  return { warnings: context.warnings, object: outcome.object };
}

const container = { name: 'c', image: 'i' };
const pod = (spec: object, metadata: object = {}) => ({
  metadata: { name: 'a', ...metadata },
  spec: { containers: [container], ...spec },
});
const onePod = (more: object) => pod({ containers: [{ ...container, ...more }] });
const service = (spec: object) => ({ spec: { ports: [{ port: 80 }], ...spec } });
const volume = (spec: object) => ({
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' }, ...spec },
});
const selector = { matchLabels: { a: 'b' } };
const labelled = {
  metadata: { labels: { a: 'b' } },
  spec: { containers: [container], nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
};
const oldLabel = 'deprecated since v1.14; use "kubernetes.io/os" instead';
const nothing = 'labelSelector: a null labelSelector results in matching no pod';
const term = (key: string, values: string[]) => ({ matchExpressions: [{ key, operator: 'In', values }] });
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1500m' } } };
const files = (...paths: string[]) => paths.map((path) => ({ key: 'k', path }));
const dotted = (use: string) =>
  `metadata.name: ${use}, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]`;

describe('a warning is told of', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'pods',
      pod({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }),
      [`spec.nodeSelector[beta.kubernetes.io/os]: ${oldLabel}`],
    ],
    [
      'pods',
      pod({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [term('beta.kubernetes.io/os', ['x'])],
            },
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term('x', ['-']) }],
          },
        },
      }),
      [
        `spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is ${oldLabel}`,
        expect.stringContaining(
          'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: - is invalid, ',
        ),
      ],
    ],
    [
      'pods',
      pod({
        affinity: {
          podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'x' }] },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'x' } }],
          },
        },
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'x', whenUnsatisfiable: 'DoNotSchedule' }],
      }),
      [
        `spec.topologySpreadConstraints[0].${nothing}`,
        `spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].${nothing}`,
        `spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.${nothing}`,
      ],
    ],
    [
      'pods',
      pod(
        {},
        {
          annotations: {
            'scheduler.alpha.kubernetes.io/critical-pod': '',
            'seccomp.security.alpha.kubernetes.io/pod': 'x',
          },
        },
      ),
      [
        'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
        'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
      ],
    ],
    [
      'pods',
      pod({
        volumes: [
          { name: 'g', gitRepo: { repository: 'r' } },
          { name: 'h', glusterfs: { endpoints: 'e', path: 'p' } },
        ],
      }),
      [
        'spec.volumes[0].gitRepo: deprecated in v1.11',
        'spec.volumes[1].glusterfs: deprecated in v1.25, non-functional in v1.26+',
      ],
    ],
    [
      'pods',
      pod({ volumes: [{ name: 'v', configMap: { name: 'm', items: files('a', 'a/b', 'ab') } }] }),
      ['volume "v" (ConfigMap "m"): overlapping paths: "a/b" with "a"'],
    ],
    [
      'pods',
      pod({
        volumes: [
          {
            name: 'v',
            projected: {
              sources: [
                { secret: { name: 's', items: files('t') } },
                { configMap: { name: 'm', items: files('t/u') } },
              ],
            },
          },
        ],
      }),
      ['volume "v" (Projected): overlapping paths: "t/u" (ConfigMap "m") with "t" (Secret "s")'],
    ],
    [
      'pods',
      pod({
        hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }],
        imagePullSecrets: [{ name: 'p' }, { name: 'p' }, {}],
      }),
      [
        'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
        'spec.imagePullSecrets[1].name: duplicate name "p"',
        'spec.imagePullSecrets[2].name: invalid empty name ""',
      ],
    ],
    [
      'pods',
      onePod({ resources: { requests: { memory: '100m', 'ephemeral-storage': '1' }, limits: { memory: '0.5' } } }),
      [
        'spec.containers[0].resources.limits[memory]: fractional byte value "500m" is invalid, must be an integer',
        'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
      ],
    ],
    [
      'pods',
      onePod({
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '$(A)2' },
          { name: 'A', value: '3' },
        ],
      }),
      ['spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      'pods',
      pod({
        containers: [
          { ...container, ports: [{ name: 'http', containerPort: 80 }, { containerPort: 80 }] },
          { ...container, name: 'd', ports: [{ name: 'http', containerPort: 81, hostIP: '10.0.0.1' }] },
        ],
      }),
      [
        'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
        'spec.containers[1].ports[0]: hostIP set without hostPort: {Name:http HostPort:0 ContainerPort:81 Protocol:TCP HostIP:10.0.0.1}',
        'spec.containers[1].ports[0]: duplicate port name "http" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
      ],
    ],
    [
      'pods',
      pod({ terminationGracePeriodSeconds: -1, dnsConfig: { nameservers: ['2001:DB8::1'] } }, { name: 'a.b' }),
      [
        dotted("this is used in the Pod's hostname"),
        'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
        'spec.dnsConfig.nameservers[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      ],
    ],
    [
      'apps/deployments',
      { metadata: { name: 'a.b' }, spec: { selector, template: labelled } },
      [
        dotted('this is used in Pod names and hostnames'),
        `spec.template.spec.nodeSelector[beta.kubernetes.io/os]: ${oldLabel}`,
      ],
    ],
    [
      'apps/replicasets',
      { spec: { selector, template: labelled } },
      [`spec.template.spec.nodeSelector[beta.kubernetes.io/os]: ${oldLabel}`],
    ],
    [
      'apps/daemonsets',
      { spec: { selector, template: labelled } },
      [`spec.template.spec.nodeSelector[beta.kubernetes.io/os]: ${oldLabel}`],
    ],
    [
      'replicationcontrollers',
      { spec: { selector: { a: 'b' }, template: labelled } },
      [`spec.template.spec.nodeSelector[beta.kubernetes.io/os]: ${oldLabel}`],
    ],
    ['podtemplates', { template: labelled }, [`template.spec.nodeSelector[beta.kubernetes.io/os]: ${oldLabel}`]],
    [
      'apps/statefulsets',
      {
        spec: {
          selector,
          template: labelled,
          revisionHistoryLimit: -1,
          volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: claim }],
        },
      },
      [
        `spec.template.spec.nodeSelector[beta.kubernetes.io/os]: ${oldLabel}`,
        'spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
        'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
      ],
    ],
    [
      'batch/jobs',
      {
        metadata: { name: 'a.b' },
        spec: {
          completionMode: 'NonIndexed',
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [container],
              hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }],
            },
          },
        },
      },
      [
        dotted('this is used in Pod names and hostnames'),
        'spec.template.spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
      ],
    ],
    [
      'batch/cronjobs',
      {
        spec: {
          schedule: '@daily',
          jobTemplate: {
            spec: {
              template: {
                spec: { restartPolicy: 'Never', containers: [container], terminationGracePeriodSeconds: -1 },
              },
            },
          },
        },
      },
      [
        'spec.jobTemplate.spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
      ],
    ],
    [
      'services',
      service({ clusterIP: 'None', sessionAffinity: 'ClientIP' }),
      ['spec.SessionAffinity is ignored for headless services'],
    ],
    [
      'services',
      service({ externalIPs: ['192.0.2.1'] }),
      ['spec.externalIPs is deprecated and may no longer be implemented in some clusters'],
    ],
    [
      'services',
      service({ externalName: 'x.example.com' }),
      ['spec.externalName is ignored when spec.type is not "ExternalName"'],
    ],
    [
      'services',
      service({ trafficDistribution: 'PreferClose' }),
      ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
    ],
    [
      'persistentvolumes',
      volume({
        persistentVolumeReclaimPolicy: 'Recycle',
        hostPath: { path: '/tmp/x' },
        nodeAffinity: { required: { nodeSelectorTerms: [term('beta.kubernetes.io/os', ['x'])] } },
      }),
      [
        'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        `spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is ${oldLabel}`,
      ],
    ],
    [
      'persistentvolumeclaims',
      { metadata: { name: 'a', annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } }, spec: claim },
      [
        'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
        'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
      ],
    ],
    [
      'networking.k8s.io/ingresses',
      {
        metadata: { name: 'a', annotations: { 'kubernetes.io/ingress.class': 'x' } },
        spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
      },
      ['annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead'],
    ],
    [
      'networking.k8s.io/networkpolicies',
      { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 'FD00::/8' } }] }] } },
      [
        'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")',
      ],
    ],
    [
      'storage.k8s.io/storageclasses',
      {
        provisioner: 'p',
        allowedTopologies: [{ matchLabelExpressions: [{ key: 'beta.kubernetes.io/os', values: ['x'] }] }],
      },
      [`allowedTopologies[0].matchLabelExpressions[0].key: beta.kubernetes.io/os is ${oldLabel}`],
    ],
    [
      'storage.k8s.io/csistoragecapacities',
      { storageClassName: 's', nodeTopology: { matchLabels: { 'beta.kubernetes.io/os': 'x' } } },
      [`nodeTopology.matchLabels.beta.kubernetes.io/os: ${oldLabel}`],
    ],
    [
      'node.k8s.io/runtimeclasses',
      { handler: 'h', scheduling: { nodeSelector: { 'beta.kubernetes.io/os': 'x' } } },
      [`scheduling.nodeSelector: ${oldLabel}`],
    ],
    [
      'nodes',
      { spec: { externalID: 'x' } },
      ['spec.externalID: this field is deprecated, and is unused by Kubernetes'],
    ],
    [
      'endpoints',
      { subsets: [{ addresses: [{ ip: '2001:DB8::1' }] }] },
      ['subsets[0].addresses[0].ip: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")'],
    ],
    [
      'discovery.k8s.io/endpointslices',
      { addressType: 'FQDN', endpoints: [], ports: [] },
      ['spec.addressType: FQDN endpoints are deprecated'],
    ],
    [
      'serviceaccounts',
      { metadata: { name: 'a', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } } },
      [
        'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
      ],
    ],
    [
      'secrets',
      { type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } },
      ['tls: failed to find any PEM data in certificate input'],
    ],
  ])('%s %j', async (type, object, expected) => {
    expect((await created(type, object)).warnings).toEqual(expected);
  });

  it('nothing where an object is plain', async () => {
    for (const [type, object] of [
      ['pods', pod({})],
      ['services', service({})],
      // Taken as it is, though it says less or more than it could.
      ['pods', onePod({ args: [null], resources: { limits: { memory: '1Gi ' }, requests: { memory: null } } })],
      [
        'apps/deployments',
        {
          spec: {
            strategy: { rollingUpdate: { maxSurge: '200%' } },
            selector,
            template: { ...labelled, spec: { containers: [container] } },
          },
        },
      ],
      ['apps/deployments', { spec: { selector, template: { ...labelled, spec: { containers: [container] } } } }],
    ] as const)
      expect((await created(type, object)).warnings).toEqual([]);
  });

  it('a template again when it changes, and not when others write beside it', async () => {
    const context = contextOf();
    const target = t.target('apps/deployments', 'default');
    const body = {
      metadata: { name: 'again' },
      spec: { replicas: 0, selector, template: labelled },
    } as KubeObject;
    await t.registry.create(contextOf(), target, body);
    const patch = (change: object) => t.registry.patch(context, { ...target, name: 'again' }, 'merge', change);
    await patch({ metadata: { annotations: { a: 'b' } } });
    expect(context.warnings).toEqual([]);
    await patch({ spec: { replicas: 1 } });
    expect(context.warnings).toEqual([`spec.template.spec.nodeSelector[beta.kubernetes.io/os]: ${oldLabel}`]);
  });
});

describe('the annotation of AppArmor', () => {
  const key = 'container.apparmor.security.beta.kubernetes.io/c';
  const deprecated = `metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
  const profile = ({ object }: { object: KubeObject }) =>
    (object['spec'] as { containers: { securityContext?: { appArmorProfile?: object } }[] }).containers[0]
      ?.securityContext?.appArmorProfile;

  it.each<[string, object, object | undefined, readonly string[]]>([
    ['runtime/default', {}, { type: 'RuntimeDefault' }, [deprecated]],
    ['unconfined', {}, { type: 'Unconfined' }, [deprecated]],
    ['localhost/p', {}, { type: 'Localhost', localhostProfile: 'p' }, [deprecated]],
    ['runtime/default', { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }, undefined, []],
  ])('%s beside %j becomes the field of its container', async (annotation, spec, field, warnings) => {
    const outcome = await created('pods', pod(spec, { annotations: { [key]: annotation } }));
    expect(profile(outcome)).toEqual(field);
    expect(outcome.warnings).toEqual(warnings);
  });
});
