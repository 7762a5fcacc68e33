import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

const type = 'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const limited = (more: object) => ({
  spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' }, ...more } },
});
const queue = (queuing: object) => limited({ limitResponse: { type: 'Queue', queuing } });
const at = 'spec.limited.limitResponse.queuing';

describe('a PriorityLevelConfiguration is refused', () => {
  it.each<[string, object, readonly string[]]>([
    ['no type', {}, ['spec.type: Unsupported value: "": supported values: "Exempt", "Limited"']],
    [
      'an exemption of others',
      { spec: { type: 'Exempt', limited: {}, exempt: { nominalConcurrencyShares: -1, lendablePercent: 101 } } },
      [
        `spec.type: Invalid value: "Exempt": type must be 'Exempt' if and only if name is 'exempt'`,
        'spec.limited: Forbidden: must be nil if the type is not Limited',
        'spec.exempt.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
        'spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
      ],
    ],
    [
      'no limits',
      { spec: { type: 'Limited', exempt: {} } },
      [
        'spec.exempt: Forbidden: must be nil if the type is Limited',
        'spec.limited: Required value: must not be empty when type is Limited',
      ],
    ],
    [
      'limits below nothing',
      limited({ nominalConcurrencyShares: -1, lendablePercent: -1, borrowingLimitPercent: -1 }),
      [
        'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
        'spec.limited.lendablePercent: Invalid value: -1: must be between 0 and 100, inclusive',
        'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
      ],
    ],
    [
      'queues of what is rejected',
      limited({ limitResponse: { type: 'Reject', queuing: {} } }),
      [`${at}: Forbidden: must be nil if limited.limitResponse.type is not Limited`],
    ],
    [
      'no queues of what is queued',
      limited({ limitResponse: { type: 'Queue' } }),
      [`${at}: Required value: must not be empty if limited.limitResponse.type is Limited`],
    ],
    [
      'an answer that there is not',
      limited({ limitResponse: { type: 'Shrug' } }),
      ['spec.limited.limitResponse.type: Unsupported value: "Shrug": supported values: "Queue", "Reject"'],
    ],
    [
      'queues that are none',
      queue({ queues: -1, handSize: -1, queueLengthLimit: -1 }),
      [
        `${at}.queueLengthLimit: Invalid value: -1: must be positive`,
        `${at}.queues: Invalid value: -1: must be positive`,
        `${at}.handSize: Invalid value: -1: must be positive`,
      ],
    ],
    [
      'a hand above the queues',
      queue({ queues: 2, handSize: 3 }),
      [`${at}.handSize: Invalid value: 3: should not be greater than queues (2)`],
    ],
    [
      'a hand beyond what a hash can deal',
      queue({ queues: 10_000_001, handSize: 8 }),
      [
        `${at}.queues: Invalid value: 10000001: must not be greater than 10000000`,
        `${at}.handSize: Invalid value: 8: required entropy bits of deckSize 10000001 and handSize 8 should not be greater than 60`,
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });
});

describe('a PriorityLevelConfiguration is taken', () => {
  it.each([
    ['that rejects', limited({ nominalConcurrencyShares: 0 })],
    ['with the queues that there are where none are named', queue({})],
    ['with the largest hand', queue({ queues: 1024, handSize: 6 })],
  ])('%s', async (_, object) => {
    expect(await kinds.created(type, object)).toEqual([]);
  });
});

describe('a PriorityLevelConfiguration that every cluster has', () => {
  const exempt = (more: object) => ({ metadata: { name: 'exempt' }, spec: { type: 'Exempt', ...more } });
  const rest = { metadata: { name: 'catch-all' } };
  it.each<[string, object, readonly string[]]>([
    ['with other shares', exempt({ exempt: { nominalConcurrencyShares: 7, lendablePercent: 50 } }), []],
    ['as it is', { ...rest, ...limited({ nominalConcurrencyShares: 5 }) }, []],
    [
      'with other shares',
      { ...rest, ...limited({ nominalConcurrencyShares: 6 }) },
      [expect.stringMatching(/^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/)],
    ],
  ])('%s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });
});
