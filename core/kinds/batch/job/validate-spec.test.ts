import { describe, expect, it } from 'vitest';
import type { V1JobSpec } from '../../../../generated/kubernetes.ts';
import { defaultJobSpec } from './strategy.ts';
import { validateJobSpec } from './validate-spec.ts';

const pod = (restartPolicy: string) => ({
  spec: {
    restartPolicy,
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    containers: [{ name: 'c', image: 'i', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }],
  },
});

/** `field: message` of each error of a Job that is whole but for `more`. */
function problems(more: object, restartPolicy = 'Never'): string[] {
  // A test's spec, which is there to be wrong.
  const spec = { template: pod(restartPolicy), ...more } as V1JobSpec;
  defaultJobSpec(spec);
  return validateJobSpec(spec, 's').map(({ field, message }) => `${field}: ${message}`);
}

const indexed = { completionMode: 'Indexed', completions: 10, parallelism: 2 };
const failing = (...rules: object[]) => ({ podFailurePolicy: { rules } });
const succeeding = (...rules: object[]) => ({ ...indexed, successPolicy: { rules } });
const condition = { type: 'DisruptionTarget', status: 'True' };
const at = 's.podFailurePolicy.rules[0]';
const success = 's.successPolicy.rules[0]';

describe('a Job is taken', () => {
  it.each<[object]>([
    [{}],
    [indexed],
    [{ ...indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 5 }],
    [{ managedBy: 'kueue.x-k8s.io/multikueue' }],
    [failing({ action: 'Ignore', onPodConditions: [condition] })],
    [failing({ action: 'FailJob', onExitCodes: { operator: 'In', values: [1, 42], containerName: 'c' } })],
    [succeeding({ succeededIndexes: '0,2-4', succeededCount: 3 })],
  ])('with %j', (more) => {
    expect(problems(more)).toEqual([]);
  });
});

describe('a Job is refused', () => {
  it.each<[object, readonly string[]]>([
    [{ managedBy: 'x' }, ['s.managedBy: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")']],
    [{ backoffLimitPerIndex: 1 }, ['s.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode']],
    [
      { ...indexed, maxFailedIndexes: 1 },
      ['s.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified'],
    ],
    [
      { ...indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 11 },
      ['s.maxFailedIndexes: Invalid value: 11: must be less than or equal to completions'],
    ],
    [
      { ...indexed, parallelism: 100_001 },
      ['s.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed'],
    ],
    [
      { ...indexed, completions: 100_001, backoffLimitPerIndex: 1 },
      ['s.maxFailedIndexes: Required value: must be specified when completions is above 100000'],
    ],
    [
      failing({ action: 'FailIndex', onPodConditions: [condition] }),
      [`${at}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`],
    ],
    [
      failing({ action: 'Ignore' }),
      [`${at}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`],
    ],
    [
      failing({ action: 'Ignore', onPodConditions: [condition], onExitCodes: { operator: 'In', values: [1] } }),
      [`${at}: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported`],
    ],
    [
      failing({ action: 'Ignore', onExitCodes: { operator: 'In', values: [3, 0, 3], containerName: 'x' } }),
      [
        `${at}.onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template`,
        `${at}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator`,
        `${at}.onExitCodes.values[2]: Duplicate value: 3`,
        `${at}.onExitCodes.values: Invalid value: [3,0,3]: must be ordered`,
      ],
    ],
    [
      { ...failing({ action: 'Ignore', onPodConditions: [condition] }), podReplacementPolicy: 'TerminatingOrFailed' },
      ['s.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
    ],
    [
      { successPolicy: { rules: [] } },
      ['s.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode'],
    ],
    [
      succeeding(),
      [
        's.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is specified',
      ],
    ],
    [
      succeeding({}),
      [`${success}: Required value: at least one of succeededCount or succeededIndexes must be specified`],
    ],
    [
      succeeding({ succeededIndexes: '1-2-3' }),
      [
        `${success}.succeededIndexes: Invalid value: "1-2-3": error parsing succeededIndexes: the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
      ],
    ],
    [
      succeeding({ succeededIndexes: '3,2' }),
      [
        `${success}.succeededIndexes: Invalid value: "3,2": error parsing succeededIndexes: non-increasing order, previous: 3, current: 2`,
      ],
    ],
    [
      succeeding({ succeededIndexes: '10' }),
      [`${success}.succeededIndexes: Invalid value: "10": error parsing succeededIndexes: too large index: "10"`],
    ],
    [
      succeeding({ succeededIndexes: '1-2', succeededCount: 3 }),
      [
        `${success}.succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)`,
      ],
    ],
  ])('with %j', (more, expected) => {
    expect(problems(more)).toEqual(expected);
  });

  it('with pods that start again where a policy looks at those that failed', () => {
    expect(problems(failing({ action: 'Ignore', onPodConditions: [condition] }), 'OnFailure')).toEqual([
      's.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
    ]);
  });
});
