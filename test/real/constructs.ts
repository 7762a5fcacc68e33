// What the definitions of public products have that is rarely met elsewhere: one schema each, written here, with objects that show what it
// does. `neededBy`: products whose own definitions have the construct.

type Json = Readonly<Record<string, unknown>>;

export interface Construct {
  readonly name: string;
  readonly neededBy: readonly string[];
  /** Of the whole object, below type: object. */
  readonly properties: Json;
  /** More of the root. */
  readonly root?: Json;
  /** More of the definition's spec. */
  readonly spec?: Json;
  /** What is written, beside apiVersion, kind and metadata, and what is read back: defaulted, and pruned. */
  readonly accepted: readonly { readonly sent: Json; readonly kept: Json }[];
  /** What is refused, and words of the message. */
  readonly refused?: readonly { readonly sent: Json; readonly says: string }[];
}

const text = { type: 'string' };
const count = { type: 'integer' };
const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const same = (sent: Json) => ({ sent, kept: sent });

export const constructs: readonly Construct[] = [
  {
    name: 'a type beside int-or-string',
    neededBy: ['Istio', 'Knative'],
    properties: { q: { type: 'string', 'x-kubernetes-int-or-string': true } },
    accepted: [same({ q: 'ten' })],
  },
  {
    name: 'int-or-string with anyOf and a pattern',
    neededBy: ['Prometheus operator', 'Strimzi', 'OpenTelemetry', 'Argo CD'],
    properties: {
      limit: {
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        'x-kubernetes-int-or-string': true,
        pattern: '^[0-9]+(m|Mi|Gi)?$',
      },
    },
    accepted: [same({ limit: 5 }), same({ limit: '5Gi' })],
    refused: [
      { sent: { limit: '5 apples' }, says: 'limit' },
      { sent: { limit: true }, says: 'limit' },
    ],
  },
  {
    name: 'additionalProperties: true beside properties',
    neededBy: ['Istio', 'Calico'],
    properties: { q: { type: 'object', additionalProperties: true, properties: { a: text } } },
    accepted: [same({ q: { a: 'x' } })],
    refused: [{ sent: { q: { a: 1 } }, says: 'q.a' }],
  },
  {
    name: 'a whole that keeps what its properties do not name',
    neededBy: ['Tekton', 'Knative', 'Kyverno'],
    properties: { spec: { ...free, properties: { name: { ...text, default: 'main' } } } },
    accepted: [
      { sent: { spec: { other: [1, { deep: 'x' }] } }, kept: { spec: { name: 'main', other: [1, { deep: 'x' }] } } },
    ],
    refused: [{ sent: { spec: { name: 5 } }, says: 'spec.name' }],
  },
  {
    name: 'embedded resources with restricted metadata',
    neededBy: ['Kyverno', 'actions-runner-controller', 'Crossplane'],
    properties: {
      template: {
        ...free,
        'x-kubernetes-embedded-resource': true,
        properties: { metadata: { type: 'object', properties: { namespace: text } } },
      },
    },
    accepted: [same({ template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { any: 1 } } })],
    refused: [{ sent: { template: { metadata: { name: 'a' } } }, says: 'template.apiVersion' }],
  },
  {
    name: 'exactly one of several fields',
    neededBy: ['Istio', 'external-secrets', 'cert-manager', 'MetalLB'],
    properties: {
      spec: {
        type: 'object',
        properties: { a: text, b: text, c: text },
        oneOf: [
          { not: { anyOf: [{ required: ['a'] }, { required: ['b'] }] } },
          { required: ['a'] },
          { required: ['b'] },
        ],
      },
    },
    accepted: [same({ spec: { a: 'x' } }), same({ spec: { c: 'x' } })],
    refused: [{ sent: { spec: { a: 'x', b: 'y' } }, says: 'must validate one and only one schema' }],
  },
  {
    name: 'lists with several keys that have defaults',
    neededBy: ['Gateway API', 'Cilium', 'Istio'],
    properties: {
      ports: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['port', 'protocol'],
        items: {
          type: 'object',
          required: ['port'],
          properties: { port: count, protocol: { ...text, default: 'TCP' } },
        },
      },
    },
    accepted: [
      {
        sent: { ports: [{ port: 53 }, { port: 53, protocol: 'UDP' }] },
        kept: {
          ports: [
            { port: 53, protocol: 'TCP' },
            { port: 53, protocol: 'UDP' },
          ],
        },
      },
    ],
    refused: [{ sent: { ports: [{ port: 53 }, { port: 53, protocol: 'TCP' }] }, says: 'Duplicate value' }],
  },
  {
    name: 'rules over lists, optional fields and durations',
    neededBy: ['Gateway API', 'KEDA', 'Cilium', 'Tekton'],
    properties: {
      spec: {
        type: 'object',
        properties: {
          min: count,
          max: count,
          wait: { ...text, format: 'duration' },
          hosts: { type: 'array', maxItems: 8, items: { ...text, maxLength: 63 } },
          filters: {
            type: 'array',
            maxItems: 8,
            items: { type: 'object', properties: { type: { ...text, maxLength: 20 }, header: free } },
          },
        },
        'x-kubernetes-validations': [
          { rule: '!has(self.min) || !has(self.max) || self.min <= self.max', message: 'min is above max' },
          { rule: '!has(self.wait) || self.wait <= duration("1h")', message: 'waits too long' },
          { rule: '!has(self.hosts) || self.hosts.all(h, h.matches("^[a-z.]+$"))', message: 'no host' },
          {
            rule: '!has(self.filters) || self.filters.all(f, f.type != "Header" || has(f.header))',
            messageExpression: '"of " + string(self.filters.size()) + " filters one has no header"',
          },
          { rule: 'self.?hosts[?0].orValue("a") != "forbidden"', message: 'forbidden first' },
        ],
      },
    },
    accepted: [
      same({ spec: { min: 1, max: 2, wait: '30m', hosts: ['a.b'], filters: [{ type: 'Header', header: {} }] } }),
    ],
    refused: [
      { sent: { spec: { min: 3, max: 2 } }, says: 'min is above max' },
      { sent: { spec: { wait: '90m' } }, says: 'waits too long' },
      { sent: { spec: { hosts: ['A'] } }, says: 'no host' },
      { sent: { spec: { hosts: ['forbidden'] } }, says: 'forbidden first' },
      { sent: { spec: { filters: [{ type: 'Header' }] } }, says: 'of 1 filters one has no header' },
    ],
  },
  {
    name: 'nullable fields, and null where none is allowed',
    neededBy: ['Strimzi', 'Crossplane', 'Argo CD'],
    properties: {
      spec: {
        type: 'object',
        properties: {
          free: { ...text, nullable: true },
          filled: { ...text, default: 'x' },
          nullFilled: { ...text, nullable: true, default: 'x' },
        },
      },
    },
    accepted: [
      {
        sent: { spec: { free: null, filled: null, nullFilled: null, unknown: 1 } },
        kept: { spec: { free: null, filled: 'x', nullFilled: null } },
      },
      { sent: { spec: { free: 'a' } }, kept: { spec: { free: 'a', filled: 'x', nullFilled: 'x' } } },
    ],
  },
  {
    name: 'integers of 64 bits, and numbers with formats',
    neededBy: ['KEDA', 'Istio', 'Prometheus operator'],
    properties: {
      big: { ...count, format: 'int64' },
      small: { ...count, format: 'int32', minimum: 1, maximum: 65535 },
      share: { type: 'number', multipleOf: 0.5 },
    },
    accepted: [same({ small: 80, share: 1.5 })],
    refused: [
      { sent: { small: 0 }, says: 'greater than or equal to 1' },
      { sent: { share: 0.3 }, says: 'multiple of' },
    ],
  },
  {
    name: 'maps of lists and of maps',
    neededBy: ['Argo CD', 'external-secrets', 'Calico'],
    properties: {
      spec: {
        type: 'object',
        properties: {
          lists: { type: 'object', additionalProperties: { type: 'array', items: text } },
          maps: {
            type: 'object',
            additionalProperties: { type: 'object', properties: { a: { ...count, default: 7 } } },
          },
        },
      },
    },
    accepted: [
      {
        sent: { spec: { lists: { x: ['a'] }, maps: { y: { gone: 1 } } } },
        kept: { spec: { lists: { x: ['a'] }, maps: { y: { a: 7 } } } },
      },
    ],
    refused: [{ sent: { spec: { lists: { x: [1] } } }, says: 'spec.lists.x' }],
  },
  {
    name: 'conversion that speaks review version v1beta1',
    neededBy: ['cert-manager', 'Calico'],
    properties: { q: text },
    spec: {
      conversion: {
        strategy: 'Webhook',
        // The one version needs no conversion: nobody is called there.
        webhook: { conversionReviewVersions: ['v1beta1'], clientConfig: { url: 'https://127.0.0.1:1/convert' } },
      },
    },
    accepted: [same({ q: 'x' })],
  },
];
