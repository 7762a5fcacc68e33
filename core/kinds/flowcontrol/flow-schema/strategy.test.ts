import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';
import { mandatorySchemas } from '../mandatory.ts';

const type = 'flowcontrol.apiserver.k8s.io/flowschemas';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const level = { name: 'p' };
const schema = (...rules: object[]) => ({ spec: { priorityLevelConfiguration: level, rules } });
const group = { kind: 'Group', group: { name: 'g' } };
const pods = { verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] };
const at = 'spec.rules[0]';

describe('a FlowSchema is refused', () => {
  it.each<[string, object, readonly string[]]>([
    ['no level', {}, ['spec.priorityLevelConfiguration.name: Required value: must reference a priority level']],
    [
      'a precedence that is none',
      { spec: { matchingPrecedence: -1, priorityLevelConfiguration: level, distinguisherMethod: { type: 'x' } } },
      [
        'spec.matchingPrecedence: Invalid value: -1: must be a positive value',
        'spec.distinguisherMethod.type: Unsupported value: "x": supported values: "ByNamespace", "ByUser"',
      ],
    ],
    [
      'the precedence of another',
      { spec: { matchingPrecedence: 1, priorityLevelConfiguration: level } },
      [`spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1`],
    ],
    [
      'a precedence beyond the last',
      { spec: { matchingPrecedence: 10001, priorityLevelConfiguration: { name: 'P' } } },
      [
        'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
        expect.stringContaining('spec.priorityLevelConfiguration.name: Invalid value: "P": a lowercase RFC 1123'),
      ],
    ],
    [
      'a rule of nobody and nothing',
      schema({}),
      [
        `${at}.subjects: Required value: subjects must contain at least one value`,
        `${at}: Required value: at least one of resourceRules and nonResourceRules has to be non-empty`,
      ],
    ],
    [
      'subjects that are none',
      schema({
        subjects: [
          { kind: 'Robot' },
          { kind: 'User', group: {} },
          { kind: 'ServiceAccount', serviceAccount: { name: 'A' } },
        ],
        resourceRules: [pods],
      }),
      [
        `${at}.subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"`,
        `${at}.subjects[1].user: Required value: user is required when subject kind is 'User'`,
        `${at}.subjects[1].group: Forbidden: group is forbidden when subject kind is not 'Group'`,
        expect.stringContaining(`${at}.subjects[2].serviceAccount.name: Invalid value: "A": a lowercase RFC 1123`),
        `${at}.subjects[2].serviceAccount.namespace: Required value: must specify namespace for service account`,
      ],
    ],
    [
      'rules of resources that are none',
      schema({ subjects: [group], resourceRules: [{}, { ...pods, verbs: ['eat'], namespaces: ['A'] }] }),
      [
        `${at}.resourceRules[0].verbs: Required value: verbs must contain at least one value`,
        `${at}.resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group`,
        `${at}.resourceRules[0].resources: Required value: resource rules must supply at least one resource`,
        `${at}.resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`,
        `${at}.resourceRules[1].verbs: Unsupported value: ["eat"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"`,
        expect.stringContaining(
          `${at}.resourceRules[1].namespaces[0]: Invalid value: "A": each member of this list must be '*' or a DNS-1123 label; a lowercase`,
        ),
      ],
    ],
    [
      'wildcards beside others',
      schema({
        subjects: [group],
        resourceRules: [
          { verbs: ['*', 'get'], apiGroups: ['*', ''], resources: ['*', 'pods'], namespaces: ['*', 'a'] },
        ],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*', '/x'] }],
      }),
      [
        `${at}.resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
        `${at}.resourceRules[0].apiGroups: Invalid value: ["*",""]: if '*' is present, must not specify other api groups`,
        `${at}.resourceRules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources`,
        `${at}.resourceRules[0].namespaces: Invalid value: ["*","a"]: if '*' is present, must not specify other namespaces`,
        `${at}.nonResourceRules[0].nonResourceURLs: Invalid value: ["*","/x"]: if '*' is present, must not specify other non-resource URLs`,
      ],
    ],
    [
      'paths that are none',
      schema({
        subjects: [group],
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/', '', 'x', '/a b', '/a//b', '/a*', '/a/*', '/*/a'] }],
      }),
      [
        [1, '', 'must not be empty'],
        [2, 'x', 'must start with slash'],
        [3, '/a b', 'must not contain white-space'],
        [4, '/a//b', 'must not contain double slash'],
        [5, '/a*', 'wildcard can only do suffix matching'],
        [7, '/*/a', 'wildcard can only do suffix matching'],
      ].map(
        ([index, url, why]) => `${at}.nonResourceRules[0].nonResourceURLs[${index}]: Invalid value: "${url}": ${why}`,
      ),
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });

  it('for another spec of one that every cluster has', async () => {
    const own = { metadata: { name: 'catch-all' } };
    expect(
      await kinds.created(type, {
        ...schema({ subjects: [group], nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/'] }] }),
        ...own,
      }),
    ).toEqual([expect.stringContaining("spec of 'catch-all' must equal the fixed value")]);
    const fixed = mandatorySchemas.get('catch-all');
    expect(await kinds.created(type, { spec: fixed, ...own })).toEqual([]);
  });

  it('for a condition twice', async () => {
    const change = { status: { conditions: [{ type: 'Dangling' }, { type: 'Dangling' }] } };
    expect(await kinds.changed(type, schema(), change, 'status')).toContain(
      'status.conditions[1].type: Duplicate value: "Dangling"',
    );
  });
});
