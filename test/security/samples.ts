// One valid object of every built-in type that can be created, in a form as full as a test of its readers needs.

export interface Sample {
  /** Of its collection. */
  readonly path: string;
  readonly object: { readonly metadata: { readonly name: string; readonly namespace?: string } } & Record<
    string,
    unknown
  >;
}

const core = '/api/v1/namespaces/a';
const inA = (groupVersion: string) => `/apis/${groupVersion}/namespaces/a`;
const metadata = { name: 'sample', labels: { app: 'x' }, annotations: { note: 'y' } };
const selector = { matchLabels: { app: 'x' } };
const template = {
  metadata: { labels: { app: 'x' } },
  spec: {
    containers: [
      {
        name: 'c',
        image: 'i',
        command: ['run'],
        args: ['a'],
        env: [{ name: 'A', value: 'b' }],
        envFrom: [{ configMapRef: { name: 'one' } }],
        ports: [{ containerPort: 80, name: 'http' }],
        resources: { requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '2' } },
        volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 's' }],
        livenessProbe: { httpGet: { path: '/', port: 'http', httpHeaders: [{ name: 'H', value: 'v' }] } },
        lifecycle: { preStop: { exec: { command: ['stop'] } } },
        securityContext: { runAsUser: 1, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
      },
    ],
    initContainers: [{ name: 'before', image: 'i', restartPolicy: 'Always' }],
    volumes: [
      { name: 'v', emptyDir: { sizeLimit: '1Mi' } },
      { name: 'w', projected: { sources: [{ secret: { name: 's', items: [{ key: 'k', path: 'p' }] } }] } },
    ],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }] }],
        },
      },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, podAffinityTerm: { topologyKey: 'k', labelSelector: selector } },
        ],
      },
    },
    tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }],
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'k', whenUnsatisfiable: 'DoNotSchedule', labelSelector: selector },
    ],
    hostAliases: [{ ip: '192.0.2.1', hostnames: ['h'] }],
    dnsConfig: { nameservers: ['192.0.2.1'], options: [{ name: 'ndots', value: '1' }] },
    securityContext: { fsGroup: 1, sysctls: [{ name: 'kernel.shm_rmid_forced', value: '0' }] },
    imagePullSecrets: [{ name: 'p' }],
    readinessGates: [{ conditionType: 'x/y' }],
  },
};
const jobTemplate = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
const request = {
  requests: [{ name: 'r', exactly: { deviceClassName: 'c', selectors: [{ cel: { expression: 'true' } }] } }],
};
const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: '*' }];
const webhook = {
  name: 'w.example.com',
  clientConfig: { url: 'https://192.0.2.1/' },
  rules,
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  matchConditions: [{ name: 'm', expression: 'true' }],
  namespaceSelector: selector,
};
const match = { resourceRules: [{ ...rules[0], resourceNames: ['n'] }], namespaceSelector: selector };
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' };
const subjects = [{ kind: 'ServiceAccount', name: 's', namespace: 'a' }];
const policyRules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['n'] }];
const peers = [
  { podSelector: selector, namespaceSelector: selector },
  { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
];
const lifetime = { storage: '1Gi' };

export const samples: readonly Sample[] = [
  { path: '/api/v1/namespaces', object: { metadata } },
  {
    path: '/api/v1/nodes',
    object: { metadata, spec: { taints: [{ key: 'k', effect: 'NoSchedule' }], podCIDR: '10.9.0.0/24' } },
  },
  {
    path: '/api/v1/persistentvolumes',
    object: {
      metadata,
      spec: {
        capacity: lifetime,
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/p' },
        claimRef: { namespace: 'a', name: 'c' },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'Exists' }] }] } },
      },
    },
  },
  { path: `${core}/configmaps`, object: { metadata, data: { k: 'v' }, binaryData: { b: 'AA==' } } },
  { path: `${core}/secrets`, object: { metadata, data: { k: 'AA==' }, stringData: { s: 'v' } } },
  {
    path: `${core}/endpoints`,
    object: { metadata, subsets: [{ addresses: [{ ip: '192.0.2.1', nodeName: 'n' }], ports: [{ port: 80 }] }] },
  },
  {
    path: `${core}/events`,
    object: {
      metadata: { ...metadata, namespace: 'a' },
      involvedObject: { kind: 'Pod', namespace: 'a', name: 'x' },
      reason: 'r',
      type: 'Normal',
    },
  },
  {
    path: `${core}/limitranges`,
    object: { metadata, spec: { limits: [{ type: 'Container', max: { cpu: '9' }, default: { cpu: '2' } }] } },
  },
  {
    path: `${core}/persistentvolumeclaims`,
    object: {
      metadata,
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: lifetime },
        selector,
        dataSource: { kind: 'PersistentVolumeClaim', name: 'd' },
      },
    },
  },
  { path: `${core}/pods`, object: { metadata, spec: template.spec } },
  { path: `${core}/podtemplates`, object: { metadata, template } },
  {
    path: `${core}/replicationcontrollers`,
    object: { metadata, spec: { replicas: 1, selector: { app: 'x' }, template } },
  },
  {
    path: `${core}/resourcequotas`,
    object: {
      metadata,
      spec: {
        hard: { pods: '9' },
        scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'Exists' }] },
      },
    },
  },
  {
    path: `${core}/serviceaccounts`,
    object: { metadata, secrets: [{ name: 's' }], imagePullSecrets: [{ name: 'p' }] },
  },
  {
    path: `${core}/services`,
    object: {
      metadata,
      spec: {
        selector: { app: 'x' },
        ports: [{ port: 80, targetPort: 'http' }],
        externalIPs: ['192.0.2.1'],
        sessionAffinity: 'ClientIP',
      },
    },
  },
  {
    path: '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    object: { metadata, webhooks: [webhook] },
  },
  {
    path: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    object: { metadata, webhooks: [webhook] },
  },
  {
    path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    object: {
      metadata,
      spec: {
        matchConstraints: match,
        validations: [{ expression: 'true', messageExpression: "'m'" }],
        variables: [{ name: 'v', expression: '1' }],
        auditAnnotations: [{ key: 'k', valueExpression: "'v'" }],
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      },
    },
  },
  {
    path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
    object: {
      metadata,
      spec: {
        policyName: 'p',
        validationActions: ['Deny'],
        matchResources: match,
        paramRef: { name: 'p', parameterNotFoundAction: 'Allow' },
      },
    },
  },
  {
    path: '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies',
    object: {
      metadata,
      spec: {
        matchConstraints: match,
        reinvocationPolicy: 'Never',
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
      },
    },
  },
  {
    path: '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings',
    object: { metadata, spec: { policyName: 'p', matchResources: match } },
  },
  {
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    object: {
      metadata: { name: 'samples.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'samples', singular: 'sample', kind: 'Sample', shortNames: ['smp'], categories: ['all'] },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {}, scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
            additionalPrinterColumns: [{ name: 'N', type: 'integer', jsonPath: '.spec.n' }],
            selectableFields: [{ jsonPath: '.spec.s' }],
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  spec: {
                    type: 'object',
                    default: { n: 1 },
                    required: ['n'],
                    properties: {
                      n: { type: 'integer', default: 1, minimum: 0 },
                      s: { type: 'string', pattern: '^a*$', enum: ['a', 'aa'] },
                      l: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                    },
                    'x-kubernetes-validations': [{ rule: 'self.n < 10', message: 'm' }],
                  },
                  status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                },
              },
            },
          },
        ],
      },
    },
  },
  {
    path: '/apis/apiregistration.k8s.io/v1/apiservices',
    object: {
      metadata: { name: 'v9.sample.example.com' },
      spec: {
        group: 'sample.example.com',
        version: 'v9',
        groupPriorityMinimum: 9,
        versionPriority: 9,
        insecureSkipTLSVerify: true,
        service: { namespace: 'a', name: 's' },
      },
    },
  },
  { path: `${inA('apps/v1')}/controllerrevisions`, object: { metadata, revision: 1, data: { x: 1 } } },
  {
    path: `${inA('apps/v1')}/daemonsets`,
    object: {
      metadata,
      spec: { selector, template, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } } },
    },
  },
  {
    path: `${inA('apps/v1')}/deployments`,
    object: {
      metadata,
      spec: {
        replicas: 1,
        selector,
        template,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '10%' } },
      },
    },
  },
  { path: `${inA('apps/v1')}/replicasets`, object: { metadata, spec: { replicas: 1, selector, template } } },
  {
    path: `${inA('apps/v1')}/statefulsets`,
    object: {
      metadata,
      spec: {
        replicas: 1,
        serviceName: 's',
        selector,
        template,
        ordinals: { start: 1 },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
        volumeClaimTemplates: [
          { metadata: { name: 'd' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: lifetime } } },
        ],
      },
    },
  },
  {
    path: `${inA('autoscaling/v2')}/horizontalpodautoscalers`,
    object: {
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        minReplicas: 1,
        maxReplicas: 3,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
          {
            type: 'Pods',
            pods: { metric: { name: 'm', selector }, target: { type: 'AverageValue', averageValue: '1' } },
          },
        ],
        behavior: {
          scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }], stabilizationWindowSeconds: 1 },
        },
      },
    },
  },
  {
    path: `${inA('autoscaling/v1')}/horizontalpodautoscalers`,
    object: {
      metadata: { name: 'older' },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3 },
    },
  },
  {
    path: `${inA('batch/v1')}/cronjobs`,
    object: { metadata, spec: { schedule: '* * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
  },
  {
    path: `${inA('batch/v1')}/jobs`,
    object: {
      metadata,
      spec: {
        completions: 2,
        parallelism: 1,
        completionMode: 'Indexed',
        template: jobTemplate,
        podFailurePolicy: {
          rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
        },
        successPolicy: { rules: [{ succeededIndexes: '0' }] },
      },
    },
  },
  {
    path: `${inA('coordination.k8s.io/v1')}/leases`,
    object: {
      metadata,
      spec: { holderIdentity: 'h', leaseDurationSeconds: 9, renewTime: '2026-01-01T00:00:00.000000Z' },
    },
  },
  {
    path: `${inA('discovery.k8s.io/v1')}/endpointslices`,
    object: {
      metadata,
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['192.0.2.1'],
          conditions: { ready: true },
          hints: { forZones: [{ name: 'z' }] },
          targetRef: { kind: 'Pod', name: 'p' },
        },
      ],
      ports: [{ name: 'p', port: 80, protocol: 'TCP' }],
    },
  },
  {
    path: `${inA('events.k8s.io/v1')}/events`,
    object: {
      metadata: { name: 'newer', namespace: 'a' },
      regarding: { kind: 'Pod', namespace: 'a', name: 'x' },
      reason: 'r',
      type: 'Normal',
      action: 'a',
      reportingController: 'c.example.com',
      reportingInstance: 'i',
      eventTime: '2026-01-01T00:00:00.000000Z',
      series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' },
    },
  },
  {
    path: '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    object: {
      metadata,
      spec: {
        matchingPrecedence: 9,
        priorityLevelConfiguration: { name: 'p' },
        distinguisherMethod: { type: 'ByUser' },
        rules: [
          {
            subjects: [{ kind: 'Group', group: { name: 'g' } }],
            resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] }],
          },
        ],
      },
    },
  },
  {
    path: '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
    object: {
      metadata,
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 1,
          limitResponse: { type: 'Queue', queuing: { queues: 4, handSize: 2, queueLengthLimit: 5 } },
        },
      },
    },
  },
  {
    path: `${inA('networking.k8s.io/v1')}/ingresses`,
    object: {
      metadata,
      spec: {
        tls: [{ hosts: ['h.example.com'], secretName: 's' }],
        rules: [
          {
            host: 'h.example.com',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
            },
          },
        ],
        defaultBackend: { service: { name: 's', port: { name: 'p' } } },
      },
    },
  },
  {
    path: '/apis/networking.k8s.io/v1/ingressclasses',
    object: { metadata, spec: { controller: 'example.com/c', parameters: { kind: 'K', name: 'n', scope: 'Cluster' } } },
  },
  {
    path: '/apis/networking.k8s.io/v1/ipaddresses',
    object: {
      metadata: { name: '192.0.2.9' },
      spec: { parentRef: { resource: 'services', namespace: 'a', name: 's' } },
    },
  },
  { path: '/apis/networking.k8s.io/v1/servicecidrs', object: { metadata, spec: { cidrs: ['10.200.0.0/24'] } } },
  {
    path: `${inA('networking.k8s.io/v1')}/networkpolicies`,
    object: {
      metadata,
      spec: {
        podSelector: selector,
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: peers, ports: [{ port: 80, endPort: 90, protocol: 'TCP' }] }],
        egress: [{ to: peers }],
      },
    },
  },
  {
    path: '/apis/node.k8s.io/v1/runtimeclasses',
    object: {
      metadata,
      handler: 'h',
      overhead: { podFixed: { cpu: '1m' } },
      scheduling: { nodeSelector: { k: 'v' }, tolerations: [{ key: 'k' }] },
    },
  },
  { path: `${inA('policy/v1')}/poddisruptionbudgets`, object: { metadata, spec: { minAvailable: 1, selector } } },
  { path: `${inA('rbac.authorization.k8s.io/v1')}/roles`, object: { metadata, rules: policyRules } },
  { path: `${inA('rbac.authorization.k8s.io/v1')}/rolebindings`, object: { metadata, roleRef, subjects } },
  {
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    object: { metadata, rules: policyRules, aggregationRule: { clusterRoleSelectors: [selector] } },
  },
  {
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    object: { metadata, roleRef: { ...roleRef, kind: 'ClusterRole' }, subjects },
  },
  {
    path: '/apis/resource.k8s.io/v1/deviceclasses',
    object: { metadata, spec: { selectors: [{ cel: { expression: 'true' } }] } },
  },
  { path: `${inA('resource.k8s.io/v1')}/resourceclaims`, object: { metadata, spec: { devices: request } } },
  {
    path: `${inA('resource.k8s.io/v1')}/resourceclaimtemplates`,
    object: { metadata, spec: { spec: { devices: request } } },
  },
  {
    path: '/apis/resource.k8s.io/v1/resourceslices',
    object: {
      metadata,
      spec: {
        driver: 'd.example.com',
        nodeName: 'n',
        pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
        devices: [{ name: 'd', attributes: { a: { string: 's' } }, capacity: { c: { value: '1' } } }],
      },
    },
  },
  { path: '/apis/scheduling.k8s.io/v1/priorityclasses', object: { metadata, value: 9, description: 'd' } },
  {
    path: '/apis/storage.k8s.io/v1/csidrivers',
    object: {
      metadata,
      spec: { attachRequired: false, tokenRequests: [{ audience: 'a' }], volumeLifecycleModes: ['Ephemeral'] },
    },
  },
  {
    path: '/apis/storage.k8s.io/v1/csinodes',
    object: {
      metadata,
      spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: ['k'], allocatable: { count: 1 } }] },
    },
  },
  {
    path: `${inA('storage.k8s.io/v1')}/csistoragecapacities`,
    object: { metadata, storageClassName: 's', capacity: '1Gi', nodeTopology: selector },
  },
  {
    path: '/apis/storage.k8s.io/v1/storageclasses',
    object: {
      metadata,
      provisioner: 'p',
      parameters: { k: 'v' },
      mountOptions: ['o'],
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'k', values: ['v'] }] }],
    },
  },
  {
    path: '/apis/storage.k8s.io/v1/volumeattachments',
    object: { metadata, spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } } },
  },
  {
    path: '/apis/storage.k8s.io/v1/volumeattributesclasses',
    object: { metadata, driverName: 'd', parameters: { k: 'v' } },
  },
];
