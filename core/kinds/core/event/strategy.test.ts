import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const eventTime = '2026-01-01T00:00:00.000000Z';
const report = { reportingController: 'a.io/c', reportingInstance: 'i', action: 'Bind', reason: 'Bound' };
const said = { ...report, eventTime, type: 'Normal', regarding: { namespace: 'default' } };
const { reportingController, ...rest } = report;
const asCore = { ...rest, reportingComponent: reportingController, involvedObject: { namespace: 'default' } };

describe('an Event of the core group is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'what stands elsewhere',
      { involvedObject: { namespace: 'other' } },
      ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
    ],
    [
      'a time without a reporter',
      { eventTime },
      [
        'reportingController: Required value',
        'reportingController: Invalid value: "": name part must be non-empty',
        expect.stringContaining('reportingController: Invalid value: "": name part must consist of'),
        'reportingInstance: Required value',
        'action: Required value',
        'reason: Required value',
      ],
    ],
    [
      'a report that is too long',
      { ...asCore, eventTime, reason: 'x'.repeat(129), message: 'x'.repeat(1025) },
      [
        'reason: Invalid value: "": can have at most 128 characters',
        'message: Invalid value: "": can have at most 1024 characters',
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created('events', object)).toEqual(expected);
  });
});

describe('an Event of events.k8s.io is refused', () => {
  it.each<[string, object, readonly string[]]>([
    ['no time and no type', {}, ['eventTime: Required value', 'type: Invalid value: "": has invalid value: ']],
    [
      'what older clients say',
      { ...said, deprecatedCount: 1, deprecatedFirstTimestamp: eventTime, deprecatedSource: { host: 'h' } },
      [
        'firstTimestamp: Invalid value: "": needs to be unset',
        'count: Invalid value: "": needs to be unset',
        'source: Invalid value: "": needs to be unset',
      ],
    ],
    [
      'a series of one',
      { ...said, series: { count: 1 } },
      ['series.count: Invalid value: "": should be at least 2', 'series.lastObservedTime: Required value'],
    ],
    ['a type of its own', { ...said, type: 'Fun' }, ['type: Invalid value: "": has invalid value: Fun']],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created('events.k8s.io/events', object)).toEqual(expected);
  });

  it('where more than its series changes', async () => {
    const change = { reason: 'Unbound', note: 'x', series: { count: 2, lastObservedTime: eventTime } };
    expect(await kinds.changed('events.k8s.io/events', said, change)).toEqual([
      'reason: Invalid value: "Unbound": field is immutable',
      'message: Invalid value: "x": field is immutable',
    ]);
  });
});

describe('an Event is taken', () => {
  it.each<[string, string, object]>([
    ['of a type of its own', 'events', { ...asCore, eventTime, type: 'Fun' }],
    ['about what stands elsewhere', 'events.k8s.io/events', { ...said, regarding: { namespace: 'other' } }],
    ['about a node', 'events', { involvedObject: { kind: 'Node', name: 'n' } }],
  ])('%s', async (_, type, object) => {
    expect(await kinds.created(type, object)).toEqual([]);
  });
});
