import { beforeAll, describe, expect, it } from 'vitest';
import { growth } from '../../../test/tools/growth.ts';
import { schemaOf } from '../../api/models.ts';
import { loadRegularExpressions } from '../expressions.ts';
import type { Schema } from '../schema.ts';
import { applyDefaults } from './apply-defaults.ts';
import { loadTextFormats } from './late-text-formats.ts';
import { prune } from './prune.ts';
import { validateStructure } from './validate-structure.ts';

// Patterns and rules among the schemas below.
beforeAll(() => Promise.all([loadRegularExpressions(), loadTextFormats()]));

const pod = schemaOf('V1Pod');
const webserver = () => ({ name: 'web', image: 'nginx:1.25', ports: [{ containerPort: 80 }] });

describe('prune', () => {
  it('removes unknown fields and names each by its path', () => {
    const object = {
      metadata: { name: 'a' },
      spec: { containers: [{ ...webserver(), imagee: 'x' }], foo: { bar: 1 } },
    };
    expect(prune(pod, object)).toEqual(['unknown field "spec.containers[0].imagee"', 'unknown field "spec.foo"']);
    expect(object).toEqual({
      metadata: { name: 'a' },
      spec: { containers: [{ ...webserver(), resources: {} }] },
      status: {},
    });
  });

  it('keeps free-form content and any key of a map', () => {
    const object = {
      metadata: { labels: { 'app.kubernetes.io/name': 'x' }, managedFields: [{ fieldsV1: { 'f:spec': { '.': {} } } }] },
    };
    const before = structuredClone(object);
    expect(prune(pod, object)).toEqual([]);
    expect(object).toEqual({ ...before, spec: {}, status: {} });
  });

  it('takes null for absent in a built-in type, and for empty in a map of strings', () => {
    const object = { metadata: { creationTimestamp: null, labels: { a: null } }, spec: { containers: null } };
    prune(pod, object);
    expect(object).toEqual({ metadata: { labels: { a: '' } }, spec: {}, status: {} });
  });

  it('writes quantities and times in their canonical form', () => {
    const object = {
      metadata: { creationTimestamp: '2026-01-01T01:00:00.123+01:00' },
      spec: {
        containers: [{ resources: { limits: { cpu: 1, memory: '1024Mi' }, requests: { cpu: '1500m', memory: 'x' } } }],
      },
    };
    prune(pod, object);
    expect(object).toEqual({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: {
        containers: [
          { name: '', resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1500m', memory: 'x' } } },
        ],
      },
      status: {},
    });
    expect(validateStructure(pod, object)).toMatchObject([
      { type: 'FieldValueTypeInvalid', field: 'spec.containers[0].resources.requests.memory' },
    ]);
  });

  it('does not take a field for known because Object.prototype has it', () => {
    expect(prune(pod, JSON.parse('{"spec":{"constructor":1,"__proto__":{"a":1}}}'))).toHaveLength(2);
  });

  it('empties objects of which a custom resource names no field, in lists too', () => {
    const schema: Schema = { type: 'object', properties: { list: { type: 'array', items: { type: 'object' } } } };
    const object = { list: [{ a: 1 }, {}] };
    expect(prune(schema, object)).toEqual(['unknown field "list[0].a"']);
    expect(object).toEqual({ list: [{}, {}] });
  });

  it('drops null in a custom resource where it is not allowed, and leaves room for defaults', () => {
    const nullable: Schema = { type: 'string', nullable: true, default: 'x' };
    const schema: Schema = {
      type: 'object',
      properties: {
        a: { type: 'string', default: 'x' },
        b: { type: 'array', items: { type: 'string' } },
        c: nullable,
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        map: { type: 'object', additionalProperties: { type: 'string' } },
        preset: { type: 'object', additionalProperties: { type: 'string', default: 'x' } },
        list: { type: 'array', items: { type: 'string' } },
        filled: { type: 'array', items: { type: 'string', default: 'x' } },
        nulls: { type: 'array', items: nullable },
      },
    };
    const object = {
      a: null,
      b: null,
      c: null,
      free: { x: null },
      map: { x: null, y: '' },
      preset: { x: null },
      list: [null],
      filled: [null, ''],
      nulls: [null],
    };
    prune(schema, object);
    applyDefaults(schema, object);
    expect(object).toEqual({
      a: 'x',
      c: null,
      free: { x: null },
      map: { y: '' },
      preset: { x: 'x' },
      list: [null],
      filled: ['x', ''],
      nulls: [null],
    });
    expect(validateStructure(schema, object)).toMatchObject([{ field: 'list[0]', type: 'FieldValueTypeInvalid' }]);
  });

  it('keeps what a custom resource says by empty values', () => {
    const text: Schema = { type: 'string' };
    const schema: Schema = { type: 'object', properties: { a: text, b: { type: 'boolean' }, c: { type: 'integer' } } };
    const object = { a: '', b: false, c: 0 };
    prune(schema, object);
    expect(object).toEqual({ a: '', b: false, c: 0 });
  });

  it('brings a built-in object into the form that Go gives it', () => {
    const object = {
      metadata: { name: 'a', annotations: {}, labels: { a: '' }, finalizers: [], ownerReferences: [] },
      spec: {
        hostNetwork: false,
        hostname: '',
        nodeSelector: {},
        tolerations: [{ key: '', operator: 'Exists', tolerationSeconds: 0 }],
        securityContext: {},
        // Pointers: absent and false are not the same.
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'c',
            env: [],
            args: [null, 'x'],
            tty: false,
            securityContext: { privileged: false, capabilities: { add: [] } },
            ports: [{ containerPort: 0, hostPort: 0, name: '' }],
            resources: { limits: { cpu: null } },
          },
          null,
        ],
      },
    };
    expect(prune(pod, object)).toEqual([]);
    const canonical = {
      metadata: { name: 'a', labels: { a: '' } },
      spec: {
        tolerations: [{ operator: 'Exists', tolerationSeconds: 0 }],
        securityContext: {},
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'c',
            args: ['', 'x'],
            securityContext: { privileged: false, capabilities: {} },
            ports: [{ containerPort: 0 }],
            resources: { limits: { cpu: '0' } },
          },
          { name: '', resources: {} },
        ],
      },
      status: {},
    };
    expect(object).toEqual(canonical);
    expect(prune(pod, object)).toEqual([]);
    expect(object).toEqual(canonical);
  });

  it('writes what Go always writes, and drops no zero of another type than the field has', () => {
    const role = { metadata: {}, rules: [] };
    prune(schemaOf('V1Role'), role);
    expect(role).toEqual({ metadata: {}, rules: null });
    const daemonSet = { status: {} };
    prune(schemaOf('V1DaemonSet'), daemonSet);
    expect(daemonSet).toMatchObject({
      spec: { template: { metadata: {}, spec: {} }, updateStrategy: {} },
      status: { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
    });
    expect(validateStructure(schemaOf('V1DaemonSet'), daemonSet)).toEqual([]);
    const wrong = { spec: { hostNetwork: '', hostname: 0, tolerations: {}, nodeSelector: [] } };
    prune(pod, wrong);
    expect(validateStructure(pod, wrong).map(({ field }) => field)).toEqual([
      'spec.hostNetwork',
      'spec.hostname',
      'spec.tolerations',
      'spec.nodeSelector',
    ]);
  });
});

describe('applyDefaults', () => {
  it('fills what a pod leaves out, and nothing below what is absent', () => {
    const object = { spec: { containers: [webserver()] } };
    applyDefaults(pod, object);
    expect(object.spec).toEqual({
      containers: [
        {
          ...webserver(),
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    });
  });

  it('leaves the templates of workloads without the defaults that only pods have', () => {
    const deployment = { spec: { template: { spec: { containers: [] } } } };
    applyDefaults(schemaOf('V1Deployment'), deployment);
    expect(deployment.spec).toMatchObject({
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: { spec: { restartPolicy: 'Always' } },
    });
    expect(deployment.spec.template.spec).not.toHaveProperty('enableServiceLinks');
  });

  it('takes zero for unset in the numbers that cannot be absent in Go', () => {
    const object = { spec: { containers: [{ livenessProbe: { periodSeconds: 0, initialDelaySeconds: 0 } }] } };
    applyDefaults(pod, object);
    expect(object.spec.containers[0]?.livenessProbe).toEqual({
      initialDelaySeconds: 0,
      periodSeconds: 10,
      timeoutSeconds: 1,
      successThreshold: 1,
      failureThreshold: 3,
    });
    const deployment = { spec: { replicas: 0 } };
    applyDefaults(schemaOf('V1Deployment'), deployment);
    expect(deployment.spec.replicas).toBe(0);
  });

  it('never shares a default between objects', () => {
    const [one, other] = [{ spec: {} }, { spec: {} }] as { spec: { strategy?: { type: string } } }[];
    for (const each of [one, other]) applyDefaults(schemaOf('V1Deployment'), each);
    one!.spec.strategy!.type = 'Recreate';
    expect(other?.spec.strategy?.type).toBe('RollingUpdate');
  });

  it('finds defaults in a schema that refers to itself', () => {
    const node: { -readonly [K in keyof Schema]: Schema[K] } = { type: 'object' };
    node.properties = { name: { type: 'string', default: 'x' }, children: { type: 'array', items: node } };
    const tree = { children: [{ children: [{}] }] };
    applyDefaults(node, tree);
    expect(tree).toEqual({ name: 'x', children: [{ name: 'x', children: [{ name: 'x' }] }] });
  });
});

describe('validateStructure', () => {
  it('passes a plain pod and says which field has a wrong type', () => {
    expect(validateStructure(pod, { spec: { containers: [webserver()] } })).toEqual([]);
    expect(validateStructure(pod, { spec: { containers: [{ name: 3 }] } })).toEqual([
      {
        type: 'FieldValueTypeInvalid',
        field: 'spec.containers[0].name',
        message: 'json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string',
      },
    ]);
  });

  it('takes numbers and strings where both are allowed', () => {
    const service = schemaOf('V1Service');
    for (const targetPort of [80, 'http']) {
      expect(validateStructure(service, { spec: { ports: [{ port: 80, targetPort }] } })).toEqual([]);
    }
    expect(validateStructure(service, { spec: { ports: [{ port: 80, targetPort: true }] } })).toHaveLength(1);
  });

  it('refuses a string that an enum does not have, and lists those that it has', () => {
    expect(validateStructure(pod, { spec: { restartPolicy: 'Sometimes' } })).toEqual([
      {
        type: 'FieldValueNotSupported',
        field: 'spec.restartPolicy',
        message: 'Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
      },
    ]);
  });

  it('accepts a custom resource definition with a recursive schema', () => {
    const schema = { type: 'object', properties: { a: { type: 'array', items: { type: 'string' } } } };
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }];
    const definition = { spec: { versions } };
    expect(prune(schemaOf('V1CustomResourceDefinition'), definition)).toEqual([]);
    expect(validateStructure(schemaOf('V1CustomResourceDefinition'), definition)).toEqual([]);
    const typo = { properties: { a: { type: 'array', items: { tpye: 'string' } } } };
    versions[0]!.schema.openAPIV3Schema = { type: 'object', ...typo } as unknown as typeof schema;
    expect(prune(schemaOf('V1CustomResourceDefinition'), definition)).toEqual([
      'unknown field "spec.versions[0].schema.openAPIV3Schema.properties.a.items.tpye"',
    ]);
  });

  const cases: readonly (readonly [string, Schema, unknown, string])[] = [
    ['required', { type: 'object', required: ['b'] }, {}, 'a.b: Required value'],
    [
      'minimum',
      { type: 'integer', minimum: 1 },
      0,
      'a: Invalid value: 0: a in body should be greater than or equal to 1',
    ],
    [
      'exclusive maximum',
      { type: 'number', maximum: 1, exclusiveMaximum: true },
      1,
      'a: Invalid value: 1: a in body should be less than 1',
    ],
    [
      'multipleOf',
      { type: 'number', multipleOf: 0.1 },
      0.25,
      'a: Invalid value: 0.25: a in body should be a multiple of 0.1',
    ],
    ['pattern', { type: 'string', pattern: '^x+$' }, 'y', 'a: Invalid value: "y": a in body should match \'^x+$\''],
    [
      'minLength',
      { type: 'string', minLength: 2 },
      'é',
      'a: Invalid value: "é": a in body should be at least 2 chars long',
    ],
    ['maxLength', { type: 'string', maxLength: 1 }, 'ab', 'a: Too long: may not be more than 1 bytes'],
    ['minItems', { type: 'array', minItems: 1 }, [], 'a: Invalid value: 0: a in body should have at least 1 items'],
    ['maxItems', { type: 'array', maxItems: 1 }, [1, 2], 'a: Too many: 2: must have at most 1 items'],
    ['set', { type: 'array', 'x-kubernetes-list-type': 'set' }, ['x', 'y', 'x'], 'a[2]: Duplicate value: "x"'],
    [
      'map',
      { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'] },
      [{ n: 'x', v: 1 }, { n: 'x' }],
      'a[1]: Duplicate value: {"n":"x"}',
    ],
    [
      'format',
      { type: 'string', format: 'date-time' },
      'x',
      'a: Invalid value: "x": a in body must be of type date-time: "x"',
    ],
    ['not', { not: { type: 'string' } }, 'x', '<nil>: Invalid value: "": "a" must not validate the schema (not)'],
    [
      'oneOf',
      { oneOf: [{ type: 'integer' }, { minimum: 0 }] },
      1,
      '<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
    ['minProperties', { minProperties: 1 }, {}, 'a: Invalid value: 0: a in body should have at least 1 properties'],
    ['enum', { enum: [1, 'x', { a: 1 }] }, 2, 'a: Unsupported value: 2: supported values: "1", "x", "{\\"a\\":1}"'],
    ['null', { type: 'string' }, null, 'a: Invalid value: "null": a in body must be of type string: "null"'],
  ];
  for (const [name, schema, value, expected] of cases) {
    it(`says what ${name} says in Kubernetes`, () => {
      expect(validateStructure(schema, value, 'a').map((each) => `${each.field}: ${each.message}`)).toEqual([expected]);
    });
  }

  it('says of branches none of which passes what is wrong with the nearest', () => {
    const says = (schema: Schema, value: unknown) =>
      validateStructure(schema, value, 'a').map((each) => `${each.field}: ${each.message}`);
    const [x, y] = [{ required: ['x'] }, { properties: { y: { type: 'string' } }, required: ['y', 'z'] }] as const;
    expect(says({ anyOf: [{ type: 'integer' }] }, 'x')).toEqual([
      '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
      'a: Invalid value: "string": a in body must be of type integer: "string"',
    ]);
    const none = '<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found none valid';
    expect(says({ oneOf: [x, y] }, {})).toEqual([none, 'a.x: Required value']);
    expect(says({ oneOf: [x, y] }, { y: 'b' })).toEqual([none, 'a.z: Required value']);
    expect(says({ allOf: [x, { maxProperties: 9 }] }, {})).toEqual([
      'a.x: Required value',
      '<nil>: Invalid value: "": "a" must validate all the schemas (allOf)',
    ]);
    expect(says({ allOf: [x] }, {})).toEqual([
      'a.x: Required value',
      '<nil>: Invalid value: "": "a" must validate all the schemas (allOf). None validated',
    ]);
  });

  it('does not run away on a pattern that backtracks', () => {
    const schema = { type: 'string', pattern: '^(a+)+$' } as const;
    const validate = (length: number) => void validateStructure(schema, `${'a'.repeat(length)}!`, 'a');
    // Each further `a` would double the time: five hundred times the cost.
    expect(growth(validate, 10, 20)).toBeLessThan(8);
  });
});
