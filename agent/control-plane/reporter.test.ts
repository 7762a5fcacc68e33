import { describe, expect, it } from 'vitest';
import type { Report, ReportResult } from '../../core/node/protocol.ts';
import { Reporter } from './reporter.ts';

function reporting() {
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
  });
  const pod = (name: string, phase: string) =>
    reporter.pod({ namespace: 'default', name, uid: name, status: { phase } });
  const phases = (report: Report | undefined) =>
    report?.pods?.map(({ name, status }) => `${name} ${status?.['phase']}`);
  return { sent, answered, reporter, pod, phases };
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
    const { sent, reporter, pod, phases } = reporting();
    pod('a', 'Pending');
    reporter.event({
      regarding: { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'a' },
      type: 'Normal',
      reason: 'Pulled',
      message: '',
      time: '',
    });
    await expect.poll(() => sent.length).toBe(1);
    pod('a', 'Running');
    sent[0]?.fail(new Error('away'));
    await expect.poll(() => sent.length, { timeout: 2000 }).toBe(2);
    expect(phases(sent[1]?.report)).toEqual(['a Running']);
    expect(sent[1]?.report.events).toHaveLength(1);
  });
});
