// Pods that are nearly right: what of them is refused, and what is taken.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const container = { name: 'c', image: 'i' };
const pod = (spec: object, more: object = {}) => ({ spec: { containers: [{ ...container, ...more }], ...spec } });
const claims = (...resourceClaims: object[]) => pod({ resourceClaims });
const spread = (...constraints: object[]) =>
  pod({
    topologySpreadConstraints: constraints.map((each) => ({
      maxSkew: 1,
      topologyKey: 'k',
      whenUnsatisfiable: 'DoNotSchedule',
      ...each,
    })),
  });
const nodes = (...nodeSelectorTerms: object[]) =>
  pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } });
const beside = (term: object) =>
  pod({
    affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'k', ...term }] } },
  });
const windows = 'cannot be set for a windows pod';
const at = 'spec.topologySpreadConstraints[0]';

const rule = (more: object = {}) => ({ action: 'Restart', exitCodes: { operator: 'In', values: [3] }, ...more });
const rules = (...restartPolicyRules: object[]) => pod({}, { restartPolicy: 'Never', restartPolicyRules });
const ruleAt = 'spec.containers[0].restartPolicyRules[0]';

describe('a Pod is refused', () => {
  it.each<[string, object, readonly unknown[]]>([
    [
      'restart rules without a policy',
      pod({}, { restartPolicyRules: [rule()] }),
      ['spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used'],
    ],
    [
      'a restart rule by nothing',
      rules({ action: 'Restart' }),
      [`${ruleAt}.exitCodes: Required value: must be specified`],
    ],
    [
      'a restart rule that does something else',
      rules(rule({ action: 'DoNotRestart', exitCodes: { operator: 'Equals' } })),
      [
        `${ruleAt}.action: Unsupported value: "DoNotRestart": supported values: "Restart", "RestartAllContainers"`,
        `${ruleAt}.exitCodes.operator: Unsupported value: "Equals": supported values: "In", "NotIn"`,
      ],
    ],
    [
      'more restart rules than anybody reads',
      rules(...Array.from({ length: 21 }, () => rule())),
      ['spec.containers[0].restartPolicyRules: Too many: 21: must have at most 20 items'],
    ],
    [
      'more exit codes than there are',
      rules(rule({ exitCodes: { operator: 'NotIn', values: Array.from({ length: 256 }, (_, i) => i) } })),
      [`${ruleAt}.exitCodes.values: Too many: 256: must have at most 255 items`],
    ],
    [
      'claims of devices',
      claims(
        {},
        { name: 'A', resourceClaimName: 'x' },
        { name: 'b', resourceClaimName: 'X', resourceClaimTemplateName: 't' },
        { name: 'b', resourceClaimName: 'x' },
      ),
      [
        'spec.resourceClaims[0].name: Required value',
        'spec.resourceClaims[0]: Invalid value: {"name":""}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
        expect.stringContaining('spec.resourceClaims[1].name: Invalid value: "A": a lowercase RFC 1123 label'),
        expect.stringContaining('at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'),
        expect.stringContaining('spec.resourceClaims[2].resourceClaimName: Invalid value: "X": a lowercase RFC 1123'),
        'spec.resourceClaims[3].name: Duplicate value: "b"',
      ],
    ],
    [
      'users of its own in namespaces of its node',
      pod({ hostUsers: false, hostNetwork: true, hostPID: true, hostIPC: true }),
      ['hostNetwork', 'HostPID', 'HostIPC'].map((field) => `spec.${field}: Forbidden: when \`hostUsers\` is false`),
    ],
    [
      'an unmasked /proc',
      pod({}, { securityContext: { procMount: 'Unmasked' } }),
      [
        'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`',
      ],
    ],
    [
      'constraints of spread',
      spread({ minDomains: 2, whenUnsatisfiable: 'ScheduleAnyway', matchLabelKeys: ['a'] }),
      [
        `${at}.minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway`,
        `${at}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`,
      ],
    ],
    [
      'the same spread twice',
      spread({ labelSelector: { matchLabels: { a: 'b' } }, matchLabelKeys: ['a', '/'] }, {}),
      expect.arrayContaining([
        `${at}.{topologyKey, whenUnsatisfiable}: Duplicate value: "{k, DoNotSchedule}"`,
        `${at}.matchLabelKeys[1]: Invalid value: "/": prefix part must be non-empty`,
      ]) as never,
    ],
    [
      'values that no node has',
      nodes({
        matchExpressions: [{ key: 'k', operator: 'In', values: ['-'] }],
        matchFields: [{ key: 'metadata.name', operator: 'In', values: ['A'] }],
      }),
      [
        expect.stringContaining('matchExpressions[0].values[0]: Invalid value: "-": a valid label must be'),
        expect.stringContaining('matchFields[0].values[0]: Invalid value: "A": a lowercase RFC 1123 subdomain'),
      ],
    ],
    [
      'keys of its own labels without a selector',
      beside({ matchLabelKeys: ['a'] }),
      [expect.stringContaining('.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set')],
    ],
    [
      'keys that are to match and not to',
      beside({ labelSelector: {}, matchLabelKeys: ['a'], mismatchLabelKeys: ['a'] }),
      [expect.stringContaining('.matchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and mismatch')],
    ],
    [
      'a node before its gates are gone',
      pod({ nodeName: 'n', schedulingGates: [{ name: 'a' }] }),
      ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
    ],
    [
      'what Windows has not',
      pod(
        { os: { name: 'windows' }, shareProcessNamespace: false, securityContext: { runAsUser: 1, sysctls: [] } },
        { securityContext: { privileged: false } },
      ),
      [
        `spec.shareProcessNamespace: Forbidden: ${windows}`,
        `spec.securityContext.runAsUser: Forbidden: ${windows}`,
        `spec.containers[0].securityContext.privileged: Forbidden: ${windows}`,
      ],
    ],
    [
      'what Linux has not',
      pod({ os: { name: 'linux' }, securityContext: { windowsOptions: {} } }),
      ['spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod'],
    ],
    [
      'another system',
      pod({ os: { name: 'mac' } }),
      ['spec.os: Unsupported value: "mac": supported values: "linux", "windows"'],
    ],
    [
      'processes of the host',
      pod({
        securityContext: { windowsOptions: { hostProcess: true } },
        initContainers: [{ name: 'i', image: 'i', securityContext: { windowsOptions: { hostProcess: false } } }],
      }),
      [
        'spec.initContainers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true',
        'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
        'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
      ],
    ],
    [
      'a policy of a container',
      pod({}, { restartPolicy: 'Sometimes' }),
      [
        'spec.containers[0].restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
      ],
    ],
    [
      'a padded image',
      pod({}, { image: ' i' }),
      ['spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace'],
    ],
    [
      'less as a whole than in its parts',
      pod(
        { resources: { requests: { cpu: '1', storage: '1' }, limits: { cpu: '1' } } },
        { resources: { requests: { cpu: '2' }, limits: { cpu: '2' } } },
      ),
      [
        'spec.resources.requests[storage]: Unsupported value: "storage": supported values: "cpu", "hugepages-", "memory"',
        'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
        'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
      ],
    ],
    [
      'a toleration of any value of a key',
      pod({ tolerations: [{ key: 'a', operator: 'Exists', value: 'x' }] }),
      ['spec.tolerations[0].operator: Invalid value: "x": value must be empty when `operator` is \'Exists\''],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created('pods', object)).toEqual(expected);
  });
});

describe('a Pod is taken', () => {
  it.each<[string, object]>([
    [
      'with claims of devices',
      claims({ name: 'a', resourceClaimName: 'x' }, { name: 'b', resourceClaimTemplateName: 't' }),
    ],
    [
      'with a restart rule for all of it',
      rules(rule({ action: 'RestartAllContainers' }), rule({ exitCodes: { operator: 'In' } })),
    ],
    ['with users of its own', pod({ hostUsers: false }, { securityContext: { procMount: 'Unmasked' } })],
    [
      'with nulls',
      pod(
        { volumes: null, nodeSelector: { a: null } },
        { command: [null], env: null, resources: { limits: { cpu: null } } },
      ),
    ],
    [
      'with resources of the whole',
      pod({ resources: { requests: { cpu: '2' } } }, { resources: { requests: { cpu: '1' } } }),
    ],
    ['on Windows', pod({ os: { name: 'windows' } })],
  ])('%s', async (_, object) => {
    expect(await kinds.created('pods', object)).toEqual([]);
  });

  it('in a template with a padded image, as ever', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: ' i' }] } };
    const spec = { selector: { matchLabels: { a: 'b' } }, template };
    expect(await kinds.created('apps/deployments', { spec })).toEqual([]);
  });
});
