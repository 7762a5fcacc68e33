import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../registry/testing-kinds.ts';

let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const validating = 'admissionregistration.k8s.io/validatingadmissionpolicies';
const mutating = 'admissionregistration.k8s.io/mutatingadmissionpolicies';
const rule = (more: object = {}) => ({
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources: ['pods'],
  ...more,
});
const matchConstraints = { resourceRules: [rule()] };
const policy = (more: object) => ({ spec: { matchConstraints, validations: [{ expression: 'true' }], ...more } });
const mutation = { patchType: 'JSONPatch', jsonPatch: { expression: `[JSONPatch{op: "remove", path: "/data"}]` } };
const change = (more: object) => ({
  spec: { matchConstraints, reinvocationPolicy: 'Never', mutations: [mutation], ...more },
});

describe('a policy is refused', () => {
  it.each<[string, string, object, readonly string[]]>([
    [
      'nothing to check',
      validating,
      {},
      [
        'spec.matchConstraints: Required value',
        'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
        'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
      ],
    ],
    [
      'parameters that it does not declare',
      validating,
      policy({
        variables: [{ name: 'v', expression: 'params.a' }],
        matchConditions: [{ name: 'c', expression: 'params.a' }],
        validations: [{ expression: 'params.a', messageExpression: 'params.a' }],
      }),
      ['matchConditions[0]', 'variables[0]', 'validations[0]']
        .map((at) =>
          expect.stringMatching(
            new RegExp(`^spec.${at.replace(/[[\]]/g, '.')}.expression: .*undeclared reference to 'params'`, 's'),
          ),
        )
        .concat(expect.stringContaining('spec.validations[0].messageExpression: Invalid value')),
    ],
    [
      'kinds of parameters that are none',
      validating,
      policy({ paramKind: { apiVersion: 'G_/1', kind: 'K.' } }),
      [
        expect.stringContaining('spec.paramKind.apiVersion: Invalid value: "G_": a lowercase RFC 1123 subdomain'),
        expect.stringContaining('spec.paramKind.apiVersion: Invalid value: "1": a DNS-1035 label'),
        expect.stringContaining(
          'spec.paramKind.kind: Invalid value: "K.": may have mixed case, but should otherwise match: a DNS-1035',
        ),
      ],
    ],
    [
      'a version with two slashes',
      validating,
      policy({ paramKind: { apiVersion: 'a/b/c' } }),
      [
        'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        'spec.paramKind.kind: Required value',
      ],
    ],
    [
      'rules that are none',
      validating,
      policy({
        matchConstraints: {
          matchPolicy: 'Maybe',
          namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] },
          excludeResourceRules: [rule({ resourceNames: ['a/b', 'c', 'c'], operations: ['EAT'], scope: 'Moon' })],
        },
      }),
      [
        "spec.matchConstraints.namespaceSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        `spec.matchConstraints.excludeResourceRules[0].resourceNames[0]: Invalid value: "a/b": may not contain '/'`,
        'spec.matchConstraints.excludeResourceRules[0].resourceNames[2]: Duplicate value: "c"',
        'spec.matchConstraints.excludeResourceRules[0].operations[0]: Unsupported value: "EAT": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
        'spec.matchConstraints.resourceRules: Required value',
        'spec.matchConstraints.matchPolicy: Unsupported value: "Maybe": supported values: "Equivalent", "Exact"',
        'spec.matchConstraints.excludeResourceRules[0].scope: Unsupported value: "Moon": supported values: "*", "Cluster", "Namespaced"',
      ],
    ],
    [
      'conditions that are none',
      validating,
      policy({ matchConditions: [{}, { name: 'a b', expression: '1' }, { name: 'a b', expression: 'true' }] }),
      [
        'spec.matchConditions[0].expression: Required value',
        'spec.matchConditions[0].name: Required value',
        'spec.matchConditions[1].expression: Invalid value: "1": must evaluate to bool but got int',
        expect.stringContaining('spec.matchConditions[1].name: Invalid value: "a b": name part must consist of'),
        expect.stringContaining('spec.matchConditions[2].name: Invalid value: "a b": name part must consist of'),
        'spec.matchConditions[2].name: Duplicate value: "a b"',
      ],
    ],
    [
      'too many conditions',
      validating,
      policy({ matchConditions: Array.from({ length: 65 }, (_, at) => ({ name: `c${at}`, expression: 'true' })) }),
      ['spec.matchConditions: Too many: 65: must have at most 64 items'],
    ],
    [
      'variables that are none',
      validating,
      policy({ variables: [{}, { name: 'in', expression: '1' }, { name: 'b', expression: 'variables.c' }] }),
      [
        'spec.variables[0].name: Required value: name is not specified',
        'spec.variables[0].expression: Required value: expression is not specified',
        'spec.variables[1].name: Invalid value: "in": name is not a valid CEL identifier',
        expect.stringContaining('spec.variables[2].expression: Invalid value: "variables.c": compilation failed: '),
      ],
    ],
    [
      'validations that are none',
      validating,
      policy({
        validations: [
          { expression: ' ', message: ' ', messageExpression: ' ', reason: 'Whim' },
          { expression: 'true', message: 'a\nb', messageExpression: '1' },
        ],
      }),
      [
        'spec.validations[0].expression: Required value: expression is not specified',
        'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
        'spec.validations[0].message: Invalid value: " ": message must be non-empty if specified',
        'spec.validations[0].reason: Unsupported value: "Whim": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
        'spec.validations[1].messageExpression: Invalid value: "1": must evaluate to string but got int',
        'spec.validations[1].message: Invalid value: "a\\nb": message must not contain line breaks',
      ],
    ],
    [
      'annotations that are none',
      validating,
      policy({
        auditAnnotations: [
          { key: '', valueExpression: '' },
          { key: 'k', valueExpression: "'x'" },
          { key: 'k', valueExpression: `'${'x'.repeat(5 * 1024)}'` },
        ],
      }),
      [
        'spec.auditAnnotations[0].key: Invalid value: "a/": name part must be non-empty',
        expect.stringContaining('spec.auditAnnotations[0].key: Invalid value: "a/": name part must consist of'),
        'spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified',
        'spec.auditAnnotations[2].valueExpression: Required value: must not exceed 5120 bytes in length',
        'spec.auditAnnotations[2].key: Duplicate value: "k"',
      ],
    ],
    [
      'no change',
      mutating,
      { spec: { matchConstraints } },
      [
        'spec.mutations: Required value: mutations must contain at least one item',
        'spec.reinvocationPolicy: Required value',
      ],
    ],
    [
      'a change of what is deleted',
      mutating,
      change({ matchConstraints: { resourceRules: [rule({ operations: ['CREATE', 'DELETE'] })] } }),
      [
        'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
      ],
    ],
    [
      'changes that are none',
      mutating,
      change({
        reinvocationPolicy: 'Often',
        mutations: [
          {},
          { patchType: 'Scissors' },
          { patchType: 'JSONPatch', applyConfiguration: { expression: 'Object{}' } },
          { patchType: 'ApplyConfiguration', applyConfiguration: { expression: '' }, jsonPatch: mutation.jsonPatch },
        ],
      }),
      [
        'spec.mutations[0].patchType: Required value',
        'spec.mutations[1].patchType: Unsupported value: "Scissors": supported values: "ApplyConfiguration", "JSONPatch"',
        'spec.mutations[2].jsonPatch: Required value: must be specified when patchType is JSONPatch',
        'spec.mutations[2].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
        'spec.mutations[3].applyConfiguration.expression: Required value',
        'spec.mutations[3].jsonPatch: Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyConfiguration',
        'spec.reinvocationPolicy: Unsupported value: "Often": supported values: "IfNeeded", "Never"',
      ],
    ],
  ])('for %s: %s', async (_, type, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });
});

describe('a binding is refused', () => {
  const bound = (more: object) => ({ spec: { policyName: 'p', validationActions: ['Deny'], ...more } });
  const bindings = `${validating.slice(0, -3)}ybindings`;
  it.each<[string, object, readonly string[]]>([
    [
      'no policy and no action',
      { spec: {} },
      [
        'spec.policyName: Required value',
        'spec.validationActions: Required value: at least one validation action is required',
      ],
    ],
    [
      'parameters by name and labels',
      bound({ paramRef: { name: 'a/b', selector: {} } }),
      [
        `spec.paramRef.name: Invalid value: "a/b": may not contain '/'`,
        'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
        'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
        'spec.paramRef.parameterNotFoundAction: Required value',
      ],
    ],
    [
      'parameters of no name',
      bound({ paramRef: { parameterNotFoundAction: 'Cry' } }),
      [
        'spec.paramRef: Required value: one of name or selector must be specified',
        'spec.paramRef.parameterNotFoundAction: Unsupported value: "Cry": supported values: "Deny", "Allow"',
      ],
    ],
    [
      'actions against each other',
      bound({ validationActions: ['Deny', 'Warn', 'Deny', 'Sing'] }),
      [
        'spec.validationActions[2]: Duplicate value: "Deny"',
        'spec.validationActions[3]: Unsupported value: "Sing": supported values: "Audit", "Deny", "Warn"',
        'spec.validationActions: Invalid value: ["Deny","Warn","Deny","Sing"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ],
    ],
    [
      'rules that are none',
      bound({ matchResources: { resourceRules: [rule({ operations: [] })] } }),
      ['spec.matchResouces.resourceRules[0].operations: Required value'],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(bindings, object)).toEqual(expected);
  });

  it('where it would change what is deleted', async () => {
    const object = { spec: { policyName: 'p', matchResources: { resourceRules: [rule({ operations: ['DELETE'] })] } } };
    expect(await kinds.created(`${mutating.slice(0, -3)}ybindings`, object)).toEqual([
      'spec.matchResources.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    ]);
  });
});

describe('a webhook is refused', () => {
  const hooks = (...webhooks: object[]) => ({ webhooks });
  const clientConfig = { url: 'https://hook.example.com/x' };
  const hook = { name: 'a.b.c', sideEffects: 'None', admissionReviewVersions: ['v1'], clientConfig };
  it.each<[string, object, readonly string[]]>([
    [
      'all that it must say',
      hooks({}),
      [
        'webhooks[0].name: Required value',
        'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
        'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
        'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
      ],
    ],
    [
      'names of two parts, and twice',
      hooks({ ...hook, name: 'a.b' }, hook, hook),
      [
        'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
        'webhooks[2].name: Duplicate value: "a.b.c"',
      ],
    ],
    [
      'versions that nobody speaks',
      hooks({ ...hook, admissionReviewVersions: ['v9', 'v9', '1'] }),
      [
        'webhooks[0].admissionReviewVersions[1]: Invalid value: "v9": duplicate version',
        expect.stringContaining('webhooks[0].admissionReviewVersions[2]: Invalid value: "1": a DNS-1035 label'),
        'webhooks[0].admissionReviewVersions: Invalid value: ["v9","v9","1"]: must include at least one of v1, v1beta1',
      ],
    ],
    [
      'effects and a time that are none',
      hooks({ ...hook, sideEffects: 'Some', timeoutSeconds: 31, failurePolicy: 'Cry' }),
      [
        'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
        'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
        'webhooks[0].failurePolicy: Unsupported value: "Cry": supported values: "Fail", "Ignore"',
      ],
    ],
  ])('without %s', async (_, object, expected) => {
    for (const type of ['validating', 'mutating'])
      expect(await kinds.created(`admissionregistration.k8s.io/${type}webhookconfigurations`, object)).toEqual(
        expected,
      );
  });
});
