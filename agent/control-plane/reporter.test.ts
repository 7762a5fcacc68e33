import { describe, expect, it, vi } from 'vitest';
import type { Report, ReportResult } from '../../core/node/protocol.ts';
import { Reporter } from './reporter.ts';

function reporting(underWayMs = 50, isStarting = () => false) {
  const sent: { report: Report; answer: (result: ReportResult) => void; fail: (error: Error) => void }[] = [];
  const answered: string[] = [];
  const reporter = new Reporter({
    send: (report) => new Promise((answer, fail) => sent.push({ report, answer, fail })),
    onPod: (pod, { code }) => answered.push(`${pod.name} ${code}`),
    onNode: () => undefined,
    onFailure: () => undefined,
    onAnswer: () => undefined,
    random: () => 0,
    now: () => 0,
    underWayMs,
    isStarting,
  });
  const pod = (name: string, phase: string) =>
    reporter.pod({ namespace: 'default', name, uid: name, status: { phase } }, phase === 'Making');
  const event = (name: string, reason: string, type: 'Normal' | 'Warning' = 'Normal') =>
    reporter.event({
      regarding: { apiVersion: 'v1', kind: 'Pod', name, uid: name },
      type,
      reason,
      message: '',
      time: '',
    });
  const phases = (report: Report | undefined) =>
    report?.pods?.map(({ name, status }) => `${name} ${status?.['phase']}`);
  return { sent, answered, reporter, pod, event, phases };
}

describe('Reporter', () => {
  it('sends the first report at once and, together, what comes up meanwhile: of each pod the newest', async () => {
    const { sent, answered, pod, phases } = reporting();
    pod('a', 'Pending');
    await expect.poll(() => sent.length).toBe(1);
    expect(phases(sent[0]?.report)).toEqual(['a Pending']);
    pod('a', 'Running');
    pod('b', 'Pending');
    pod('b', 'Running');
    sent[0]?.answer({ pods: [{ code: 200 }] });
    await expect.poll(() => sent.length).toBe(2);
    expect(phases(sent[1]?.report)).toEqual(['a Running', 'b Running']);
    sent[1]?.answer({ pods: [{ code: 200 }, { code: 404 }] });
    await expect.poll(() => answered).toEqual(['a 200', 'a 200', 'b 404']);
  });

  it('sends again what was not answered, but not what a newer report replaced', async () => {
    const { sent, pod, phases } = reporting();
    pod('a', 'Pending');
    pod('b', 'Pending');
    await expect.poll(() => sent.length).toBe(1);
    pod('a', 'Running');
    sent[0]?.fail(new Error('away'));
    await expect.poll(() => sent.length).toBe(2);
    expect(phases(sent[1]?.report)?.sort()).toEqual(['a Running', 'b Pending']);
  });

  it('sends events when pods have started, after five seconds, or with a warning', async () => {
    vi.useFakeTimers();
    try {
      let starts = true;
      const { sent, event } = reporting(50, () => starts);
      const reasons = () => sent.flatMap(({ report }) => report.events?.map(({ reason }) => reason) ?? []);
      event('a', 'Pulled');
      await vi.advanceTimersByTimeAsync(3900);
      event('b', 'Pulled');
      expect(reasons()).toEqual([]);
      await vi.advanceTimersByTimeAsync(1100);
      expect(reasons()).toEqual(['Pulled', 'Pulled']);
      sent[0]?.answer({ pods: [] });
      event('c', 'Created');
      await vi.advanceTimersByTimeAsync(1000);
      expect(reasons()).toHaveLength(2);
      event('d', 'Failed', 'Warning');
      await vi.advanceTimersByTimeAsync(1000);
      expect(reasons().slice(2)).toEqual(['Created', 'Failed']);
      sent[1]?.answer({ pods: [] });
      event('e', 'Started');
      starts = false;
      await vi.advanceTimersByTimeAsync(1000);
      expect(reasons().slice(4)).toEqual(['Started']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('lets what is under way and events wait for company, and nothing wait behind an event', async () => {
    const { sent, pod, event, phases } = reporting();
    pod('a', 'Making');
    event('a', 'Pulled');
    event('a', 'Created');
    expect(sent).toEqual([]);
    // Both are sent, though nothing else comes.
    await expect.poll(() => sent.length).toBe(2);
    expect(phases(sent[0]?.report)).toEqual(['a Making']);
    expect(sent[1]?.report.events?.map(({ reason }) => reason)).toEqual(['Pulled', 'Created']);
    sent[0]?.answer({ pods: [{ code: 200 }] });
    await new Promise((resolve) => setImmediate(resolve));
    // The events were not answered yet.
    pod('a', 'Running');
    await expect.poll(() => sent.length).toBe(3);
    expect(sent[2]?.report).toMatchObject({ pods: [{ status: { phase: 'Running' } }] });
  });

  it('has what is under way replaced by what is news before it was sent, and tells of no other that is', async () => {
    const { sent, pod, phases, reporter } = reporting(60_000);
    pod('a', 'Making');
    pod('b', 'Making');
    pod('a', 'Running');
    await expect.poll(() => sent.length).toBe(1);
    expect(phases(sent[0]?.report)).toEqual(['a Running']);
    sent[0]?.answer({ pods: [{ code: 200 }] });
    await new Promise((resolve) => setImmediate(resolve));
    pod('b', 'Running');
    await expect.poll(() => sent.length).toBe(2);
    expect(phases(sent[1]?.report)).toEqual(['b Running']);
    // While news of it is being told, what follows goes behind it.
    pod('b', 'Making');
    sent[1]?.answer({ pods: [{ code: 200 }] });
    const stopped = reporter.stop(60_000);
    await expect.poll(() => sent.length).toBe(3);
    expect(phases(sent[2]?.report)).toEqual(['b Making']);
    sent[2]?.answer({ pods: [{ code: 200 }] });
    await stopped;
  });

  it('lets nothing wait that takes the place of news which was not told yet', async () => {
    const { sent, pod, phases } = reporting(60_000);
    pod('a', 'Pending');
    await expect.poll(() => sent.length).toBe(1);
    pod('b', 'Failed');
    pod('b', 'Making');
    sent[0]?.answer({ pods: [{ code: 200 }] });
    await expect.poll(() => sent.length).toBe(2);
    expect(phases(sent[1]?.report)).toEqual(['b Making']);
  });

  it('sends events again that were not answered, and at its end what still waits', async () => {
    const { sent, event, reporter } = reporting();
    event('a', 'Pulled');
    await expect.poll(() => sent.length).toBe(1);
    sent[0]?.fail(new Error('away'));
    await expect.poll(() => sent.length).toBe(2);
    expect(sent[1]?.report.events).toHaveLength(1);
    sent[1]?.answer({ pods: [] });
    await new Promise((resolve) => setImmediate(resolve));
    event('a', 'Killing');
    const stopped = reporter.stop(60_000);
    await expect.poll(() => sent.length).toBe(3);
    sent[2]?.answer({ pods: [] });
    await stopped;
  });
});
