// A CustomResourceDefinition as large operators have them: hundreds of described fields, lists with keys, defaults and CEL rules.

export interface LargeDefinitionOptions {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  /** Of the whole as JSON, about. */
  readonly kilobytes: number;
  /** CEL rules, about; spread over the sections. */
  readonly rules: number;
  /** The last is the stored one. Default: v1. */
  readonly versions?: readonly string[];
  /** More of its spec. */
  readonly spec?: object;
  /** Stands in every text and rule. */
  readonly word?: string;
}

export function largeDefinition({
  group,
  plural,
  kind,
  kilobytes,
  rules,
  versions = ['v1'],
  spec,
  word = 'said',
}: LargeDefinitionOptions) {
  const bytes = (kilobytes * 1000 - rules * ruleBytes) / versions.length;
  const sections = Math.max(2, Math.round(bytes / JSON.stringify(section(0, 0, word)).length));
  const rulesOfEach = rules / versions.length / sections;
  const fields = Array.from({ length: sections }, (_, index) => {
    const count = Math.floor((index + 1) * rulesOfEach) - Math.floor(index * rulesOfEach);
    return [`section${index}`, section(index, count, word)];
  });
  const schema = {
    type: 'object',
    description: `${kind} is what its operator looks after.`,
    properties: {
      spec: { type: 'object', properties: Object.fromEntries(fields) },
      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === versions.length - 1,
        subresources: { status: {} },
        additionalPrinterColumns: [{ name: 'Mode', type: 'string', jsonPath: '.spec.section0.mode' }],
        schema: { openAPIV3Schema: schema },
      })),
      ...spec,
    },
  };
}

/** An object that all rules of `largeDefinition` accept. */
export function largeObject(group: string, kind: string, name: string, version = 'v1') {
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name },
    spec: {
      section0: { name: 'main', min: 1, max: 3, ports: [{ name: 'http', port: 80 }], labels: { app: name } },
      section1: { name: 'other', hosts: ['a.example.com', 'b.example.com'], min: 0, max: 0 },
    },
  };
}

/** Of a rule with its message, about. */
const ruleBytes = 150;

function section(index: number, ruleCount: number, word: string) {
  const text = (what: string) =>
    `${what} of section ${index}, ${word} at some length. It is described as fields of real definitions are: what it means, which values it takes, and what is assumed where it is left out.`;
  const count = { type: 'integer', format: 'int32', minimum: 0, maximum: 1000 };
  return {
    type: 'object',
    description: text('The settings'),
    properties: {
      name: {
        type: 'string',
        description: text('The name'),
        maxLength: 63,
        pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
      },
      mode: { type: 'string', description: text('The mode'), enum: ['Auto', 'Manual', 'Off'], default: 'Auto' },
      min: { ...count, description: text('The least number') },
      max: { ...count, description: text('The greatest number') },
      ports: {
        type: 'array',
        description: text('The ports'),
        maxItems: 16,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: {
          type: 'object',
          required: ['name', 'port'],
          properties: {
            name: { type: 'string', maxLength: 15, description: text('The name of a port') },
            port: { type: 'integer', minimum: 1, maximum: 65535, description: text('The number of a port') },
            protocol: { type: 'string', default: 'TCP', enum: ['TCP', 'UDP', 'SCTP'] },
          },
        },
      },
      hosts: {
        type: 'array',
        description: text('The hosts'),
        maxItems: 32,
        items: { type: 'string', maxLength: 253 },
        'x-kubernetes-list-type': 'atomic',
      },
      labels: {
        type: 'object',
        description: text('The labels'),
        maxProperties: 64,
        additionalProperties: { type: 'string', maxLength: 63 },
      },
    },
    ...(ruleCount > 0 && {
      'x-kubernetes-validations': Array.from({ length: ruleCount }, (_, number) => ruleOf(index, number, word)),
    }),
  };
}

/** Each text is another one, as in a definition written by hand. */
function ruleOf(index: number, number: number, word: string) {
  const rule = ruleTexts[number % ruleTexts.length] ?? 'true';
  return {
    rule: rule.replace('WHERE', `${word}s${index}r${number}`),
    message: `section ${index} breaks its rule ${number} (${word})`,
  };
}

const ruleTexts: readonly string[] = [
  '!has(self.min) || !has(self.max) || self.min <= self.max',
  '!has(self.name) || self.name != "WHERE"',
  '!has(self.ports) || self.ports.all(p, p.port != 0 && p.name != "WHERE")',
  '!has(self.hosts) || self.hosts.all(h, h.matches("^[a-z0-9.-]+$") && !h.startsWith("WHERE"))',
  '!has(self.labels) || !("WHERE" in self.labels)',
  '!has(self.mode) || self.mode in ["Auto", "Manual", "Off", "WHERE"]',
  '!has(self.hosts) || self.hosts.exists_one(h, h == "WHERE") || self.hosts.size() >= 0',
  'has(self.name) == has(self.name) ? true : has(self.mode) && self.mode == "WHERE"',
];
