import { describe, expect, it } from 'vitest';
import { StatusError } from '../machinery/status.ts';
import { StoreError } from '../store/store.ts';
import { meterInvocations } from './invocation.ts';
import { createMeter } from './meter.ts';

function opened({ verbose = true } = {}) {
  const time = { now: 1_800_000_000_000, up: 400 };
  const lines: Record<string, unknown>[] = [];
  const meter = createMeter({
    cluster: 'prod',
    function: 'read',
    verbose,
    write: (line) => lines.push(JSON.parse(line)),
    clock: () => time.now,
    uptime: () => time.up,
  });
  const pass = (ms: number) => {
    time.now += ms;
    time.up += ms;
  };
  const invocation = (ms: number, work = () => {}) => {
    meter.begin();
    pass(ms);
    work();
    meter.end();
  };
  return { meter, lines, pass, invocation };
}

const directive = (names: [string, string][], dimensions = ['Cluster']) => ({
  Namespace: 'Zeroplane',
  Dimensions: [dimensions],
  Metrics: names.map(([Name, Unit]) => ({ Name, Unit })),
});

describe('the meter of a function', () => {
  it('tells of a cold start once', () => {
    const { lines, invocation } = opened();
    invocation(12);
    invocation(3);
    expect(lines).toEqual([
      {
        _aws: { Timestamp: 1_800_000_000_012, CloudWatchMetrics: [directive([['ColdStart', 'Milliseconds']])] },
        Cluster: 'prod',
        function: 'read',
        invocations: 1,
        averageMs: 12,
        longestMs: 12,
        ColdStart: 400,
      },
    ]);
  });

  it('writes one line a minute while nothing happens, without a metric', () => {
    const { lines, invocation, pass } = opened();
    invocation(1);
    for (let i = 0; i < 121; i++) {
      invocation(i === 60 ? 40 : 10);
      pass(990);
    }
    expect(lines.slice(1)).toEqual([
      { Cluster: 'prod', function: 'read', invocations: 61, averageMs: 10.5, longestMs: 40 },
      { Cluster: 'prod', function: 'read', invocations: 60, averageMs: 10, longestMs: 10 },
    ]);
  });

  it('writes nothing while nothing happens where nobody wants to know', () => {
    const { lines, invocation, pass } = opened({ verbose: false });
    for (let i = 0; i < 10; i++) {
      invocation(1);
      pass(60_000);
    }
    expect(lines).toHaveLength(1);
  });

  it('writes at once of errors by kind, of throttles, and of the longest lag of watches, one line an invocation', () => {
    const { meter, lines, invocation } = opened();
    invocation(1);
    invocation(1, () => meter.failed('InternalError'));
    invocation(1, () => {
      meter.lagged(120);
      meter.lagged(80.6);
      meter.throttled();
      meter.throttled();
    });
    invocation(1);
    meter.end();
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatchObject({
      _aws: { CloudWatchMetrics: [directive([['Errors', 'Count']], ['Cluster', 'Kind'])] },
      Kind: 'InternalError',
      Errors: 1,
    });
    const both: [string, string][] = [
      ['Throttles', 'Count'],
      ['WatchLag', 'Milliseconds'],
    ];
    expect(lines[2]).toMatchObject({
      _aws: { CloudWatchMetrics: [directive(both)] },
      Throttles: 2,
      WatchLag: 120,
    });
  });

  it('knows failures by the words of our own tables', () => {
    const { meter, lines } = opened();
    const middleware = meterInvocations(meter);
    for (const error of [
      new StatusError('ServiceUnavailable', 'x'),
      new StoreError({ code: 'throttled', data: { retryAfterMs: 1 } }, 'x'),
      new TypeError('x'),
      'x',
    ]) {
      middleware.before();
      middleware.onError({ error });
    }
    expect(lines.map((line) => line['Kind'])).toEqual(['ServiceUnavailable', 'throttled', 'TypeError', 'unknown']);
  });
});
